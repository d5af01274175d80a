using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.RabbitMq;

/// <summary>The management API's connection: TLS to the stack's own broker only, everything bounded.</summary>
public static class RabbitMqHttp
{
    /// <summary>Bytes. The longest answers: the mapping of all tenants, 50 each; all connections, 100 each.</summary>
    private const int LongestAnswer = 16 * 1024 * 1024;

    /// <param name="options">Where, and as whom.</param>
    /// <param name="broker">Of <see cref="Broker"/>.</param>
    /// <param name="timeout">Of one call.</param>
    public static HttpClient Create(RabbitMqManagementOptions options, ServerVerifier broker, TimeSpan timeout)
    {
        var tls = new SslClientAuthenticationOptions();
        broker.ApplyTo(tls, options.Url.IdnHost);
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromSeconds(3),
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            MaxConnectionsPerServer = 8,
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            SslOptions = tls,
        };
        var http = new HttpClient(handler) { BaseAddress = new Uri(options.Url, "api/"), Timeout = timeout, MaxResponseContentBufferSize = LongestAnswer };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{options.User}:{options.Password}")));
        return http;
    }

    /// <summary>The stack's broker. Its certificate comes from the roots of the options' file, without one from the platform's.</summary>
    /// <param name="options">Which file.</param>
    /// <param name="platformRoot">Below it the certificate must have this identity.</param>
    /// <param name="identity">The broker service of the provider, or of the tenant.</param>
    /// <param name="time">When certificates are valid.</param>
    public static ServerVerifier Broker(RabbitMqManagementOptions options, X509Certificate2 platformRoot, ServerIdentity identity, TimeProvider time) =>
        ServerVerifier.ForCompanion(options.CaFile is { } file ? Pem.ParseCertificates(File.ReadAllText(file)) : [platformRoot], platformRoot, identity, time);
}
