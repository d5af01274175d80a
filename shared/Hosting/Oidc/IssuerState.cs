namespace IoTPlatform.Hosting.Oidc;

/// <summary>Whether the identity provider is the one that the settings describe, by the last document that was read from it.</summary>
internal sealed class IssuerState : IReadiness
{
    public const string Code = "identity_misconfigured";
    private volatile string? _misconfiguration;

    public (string Code, string Detail)? Problem => _misconfiguration is { } detail ? (Code, detail) : null;

    public void Succeeded() => _misconfiguration = null;

    /// <summary>An outage says nothing about the settings: what was known stays.</summary>
    public void Failed(OidcException error) => _misconfiguration = error is OidcMisconfiguredException ? error.Message : _misconfiguration;
}
