using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace IoTPlatform.Provider.Features.Messaging.RabbitMq.Api;

/// <summary>The management API's connection: TLS to named roots only, everything bounded.</summary>
internal static class RabbitMqHttp
{
    /// <summary>The mapping of all tenants is the longest answer: about 50 bytes each.</summary>
    private const int LongestAnswer = 16 * 1024 * 1024;

    public static HttpClient Create(RabbitMqOptions options, string password, X509Certificate2Collection roots, TimeSpan timeout)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromSeconds(3),
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            MaxConnectionsPerServer = 8,
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = Trusting(roots) },
        };
        var http = new HttpClient(handler) { BaseAddress = new Uri(options.ManagementUrl, "api/"), Timeout = timeout, MaxResponseContentBufferSize = LongestAnswer };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{options.User}:{password}")));
        return http;
    }

    /// <summary>These roots and no others; nothing is fetched.</summary>
    public static X509ChainPolicy Trusting(X509Certificate2Collection roots)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(roots);
        return policy;
    }
}
