using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Identity.Oidc;

/// <summary>Reads the issuer's discovery document at start and logs what contradicts the settings; repeats until there is no contradiction.</summary>
internal sealed partial class IssuerCheck(OidcOptions options, OidcHttp http, IssuerState state, TimeProvider time, ILogger<IssuerCheck> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    private readonly IssuerAddress _address = new(options);
    private string? _said;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!await HoldsAsync(stoppingToken))
        {
            await Task.Delay(Interval, time, stoppingToken);
        }
    }

    private async Task<bool> HoldsAsync(CancellationToken stoppingToken)
    {
        try
        {
            var document = DiscoveryDocument.Parse(await http.GetAsync(_address.Discovery, stoppingToken), options.Issuer);
            _ = _address.Resolve(document.JwksUri ?? throw new OidcException("The discovery document has no jwks_uri."));
            state.Succeeded();
            return true;
        }
        catch (OidcMisconfiguredException e)
        {
            state.Failed(e);
            if (_said != e.Message)
            {
                Misconfigured(e.Message);
            }

            _said = e.Message;
            return false;
        }
        catch (OidcException e)
        {
            if (_said != e.Message)
            {
                Unreachable(e.Message);
            }

            _said = e.Message;
            return false;
        }
    }

    [LoggerMessage(33, LogLevel.Error, "nobody can sign in through the identity provider: {Reason}")]
    private partial void Misconfigured(string reason);

    [LoggerMessage(34, LogLevel.Warning, "the identity provider could not be looked at: {Reason}")]
    private partial void Unreachable(string reason);
}

/// <summary>The identity provider's server in a handshake.</summary>
internal static class IssuerServer
{
    /// <summary>The chain verifies, and an alternative name is the host that was called; .NET alone would fall back to the CN.</summary>
    public static bool IsNamed(object sender, X509Certificate? certificate, SslPolicyErrors errors) =>
        errors == SslPolicyErrors.None
        && certificate is X509Certificate2 leaf
        && HostNameMatch.IsForTarget(sender, leaf);
}

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
