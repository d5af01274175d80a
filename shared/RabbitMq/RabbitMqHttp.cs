using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using Microsoft.AspNetCore.Http;

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
    /// <param name="caFile">Which file; null: none.</param>
    /// <param name="platformRoot">Below it the certificate must have this identity.</param>
    /// <param name="identity">The broker service of the provider, or of the tenant.</param>
    /// <param name="time">When certificates are valid.</param>
    public static ServerVerifier Broker(string? caFile, X509Certificate2 platformRoot, ServerIdentity identity, TimeProvider time) =>
        ServerVerifier.ForCompanion(caFile is { } file ? Pem.ParseCertificates(File.ReadAllText(file)) : [platformRoot], platformRoot, identity, time);
}

/// <summary>The failure as shown to operators: down (recovers by itself) or wrong (an operator has to act). Never an address, never a secret.</summary>
public static class RabbitMqFailure
{
    private const int LongestReason = 200;
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Later = TimeSpan.FromSeconds(30);

    public static Exception Of(HttpStatusCode status, ReadOnlySpan<byte> body) => status switch
    {
        HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => LoginRefused(),
        >= HttpStatusCode.InternalServerError or HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout => Down($"The broker answers {(int)status}."),
        _ => Wrong("broker_refused", $"The broker refuses what the platform asks for ({(int)status}): {Reason(body)}"),
    };

    public static Exception Of(Exception error) => error switch
    {
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } or HttpRequestException { InnerException: AuthenticationException } => Wrong(
            "broker_not_trusted", "The broker's management API has a certificate the platform does not trust: not from the roots of IOT_RABBITMQ_CA_FILE, for another name, or out of date.", error),
        HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded } or JsonException => Wrong(
            "broker_answer_unusable", "The broker's management API answers something the platform can't read.", error),
        OperationCanceledException => Down("The broker does not answer in time.", error),
        _ => Down("The broker does not answer.", error),
    };

    public static Exception LoginRefused() => Wrong(
        "broker_login_refused",
        $"The broker refuses the platform's own login: {RabbitMqManagementSettings.User} needs the password in {RabbitMqManagementSettings.Password}_FILE and the tag administrator, or at a tenant's broker monitoring.");

    private static DependencyDownException Down(string message, Exception? inner = null) => new("broker", message, Soon, inner);

    private static ProblemException Wrong(string code, string message, Exception? inner = null) => new(StatusCodes.Status503ServiceUnavailable, code, message, Later, inner);

    private static string Reason(ReadOnlySpan<byte> body)
    {
        try
        {
            var text = JsonSerializer.Deserialize(body, ManagementJson.Default.ApiError)?.Reason ?? "it gives no reason";
            return string.Concat(text.Take(LongestReason).Select(c => char.IsControl(c) ? ' ' : c));
        }
        catch (JsonException)
        {
            return "it gives no reason";
        }
    }
}
