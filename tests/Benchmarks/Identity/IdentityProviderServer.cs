using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;

namespace IoTPlatform.Benchmarks.Identity;

/// <summary>A client that signs people in.</summary>
internal sealed record CodeClient(string Id, string Secret, Uri RedirectUri);

/// <summary>A client with credentials of its own.</summary>
internal sealed record ProgramClient(string Id, string Secret, string? Scope);

/// <summary>An OpenID provider that is measured: where it is, and who it knows.</summary>
internal abstract class IdentityProviderServer : IAsyncDisposable
{
    public abstract string Name { get; }

    public abstract Uri Issuer { get; }

    public abstract int ProcessId { get; }

    /// <summary>What is in the address of its sign-in page's form.</summary>
    public abstract string Form { get; }

    public abstract string Username { get; }

    public abstract string Password { get; }

    public IReadOnlyList<CodeClient> Clients { get; protected set; } = [];

    public IReadOnlyList<ProgramClient> Programs { get; protected set; } = [];

    protected abstract X509Certificate2Collection? Roots { get; }

    /// <summary>Makes so many clients of either kind.</summary>
    public abstract Task RegisterAsync(int clients, int programs, CancellationToken cancellationToken);

    /// <summary>Stops it and starts it again on the same data.</summary>
    public abstract Task RestartAsync(CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();

    /// <summary>The token endpoint's answer; null: it refused.</summary>
    public async Task<JsonDocument?> TokenAsync(HttpClient http, string client, string secret, IEnumerable<KeyValuePair<string, string>> form, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Issuer + "/protocol/openid-connect/token") { Content = new FormUrlEncodedContent(form) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Uri.EscapeDataString(client)}:{Uri.EscapeDataString(secret)}")));
        using var response = await http.SendAsync(request, cancellationToken);
        return response.IsSuccessStatusCode ? JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken)) : null;
    }

    /// <summary>One keep-alive connection.</summary>
    public HttpClient Connect()
    {
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false };
        if (Roots is { } roots)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
            policy.CustomTrustStore.AddRange(roots);
            handler.SslOptions.CertificateChainPolicy = policy;
        }

        return new HttpClient(handler) { Timeout = TimeSpan.FromMinutes(1) };
    }
}
