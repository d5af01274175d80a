using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Hosting;

/// <summary>The management API's connection: TLS to named roots only, everything bounded.</summary>
public static class RabbitMqHttp
{
    /// <summary>Bytes. The longest answers: the mapping of all tenants, 50 each; all connections, 100 each.</summary>
    private const int LongestAnswer = 16 * 1024 * 1024;

    /// <param name="options">Where, and as whom.</param>
    /// <param name="roots">Of <see cref="Roots"/>.</param>
    /// <param name="timeout">Of one call.</param>
    public static HttpClient Create(RabbitMqManagementOptions options, X509Certificate2Collection roots, TimeSpan timeout)
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
        var http = new HttpClient(handler) { BaseAddress = new Uri(options.Url, "api/"), Timeout = timeout, MaxResponseContentBufferSize = LongestAnswer };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{options.User}:{options.Password}")));
        return http;
    }

    /// <summary>Those of the options' file; without one the platform's.</summary>
    public static X509Certificate2Collection Roots(RabbitMqManagementOptions options, X509Certificate2 platformRoot) =>
        options.CaFile is { } file ? [.. Pem.ParseCertificates(File.ReadAllText(file))] : [platformRoot];

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
