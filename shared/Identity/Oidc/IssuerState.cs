using IoTPlatform.Hosting;

namespace IoTPlatform.Identity.Oidc;

/// <summary>Whether the identity provider is the one that the settings describe, by the last document that was read from it.</summary>
internal sealed class IssuerState : IReadinessCheck
{
    public const string Code = "identity_misconfigured";
    private volatile string? _misconfiguration;

    public string Name => "identity";

    public string State => _misconfiguration is null ? "ok" : "misconfigured";

    public ProblemException? Problem => _misconfiguration is { } detail ? new ProblemException(503, Code, detail) : null;

    public void Succeeded() => _misconfiguration = null;

    /// <summary>An outage says nothing about the settings: what was known stays.</summary>
    public void Failed(OidcException error) => _misconfiguration = error is OidcMisconfiguredException ? error.Message : _misconfiguration;
}
