using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using IoTPlatform.Jose;
using IoTPlatform.LocalServices;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Testing;

/// <summary>An identity provider over real TLS that signs and fails as the test sets it: for faults and attacks no real one can produce.</summary>
public sealed class OidcServer : IAsyncDisposable
{
    public const string Realm = "cdm";
    public const string Audience = "iot-bridge-api";
    private readonly TempFolder _folder = new();
    private readonly TestCertificates _certificates;
    private readonly TimeProvider _time;
    private readonly int _port = FreePort.Next();
    private readonly ConcurrentDictionary<string, int> _requests = new(StringComparer.Ordinal);
    private WebApplication? _app;

    private OidcServer(TimeProvider time)
    {
        _time = time;
        _certificates = new TestCertificates(_folder);
        Logins = new OidcLogins(this, time);
        Discovery = context => context.Response.WriteAsync(DiscoveryJson().ToJsonString());
        Jwks = context => context.Response.WriteAsync(JwksJson());
    }

    public Uri Url => new($"https://127.0.0.1:{_port.ToString(CultureInfo.InvariantCulture)}");

    public string Issuer => $"{Url.AbsoluteUri}realms/{Realm}";

    /// <summary>PEM: the root under which this server's certificate is.</summary>
    public string CaFile => _certificates.RootFile;

    /// <summary>The keys published; the first one signs.</summary>
    public List<OidcKey> Keys { get; } = [OidcKey.Create("first")];

    public OidcLogins Logins { get; }

    public RequestDelegate Discovery { get; set; }

    public RequestDelegate Jwks { get; set; }

    public int DiscoveryRequests => _requests.GetValueOrDefault("discovery");

    public int JwksRequests => _requests.GetValueOrDefault("jwks");

    public static async Task<OidcServer> StartAsync(TimeProvider time)
    {
        var server = new OidcServer(time);
        await server.StartListeningAsync();
        return server;
    }

    /// <summary>Also after <see cref="StopListeningAsync"/>, on the same port.</summary>
    public async Task StartListeningAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, _port, listen => listen.UseHttps(_certificates.Server)));
        _app = builder.Build();
        _app.MapGet($"/realms/{Realm}/.well-known/openid-configuration", context => AnswerAsync("discovery", Discovery, context));
        _app.MapGet($"/realms/{Realm}/jwks", context => AnswerAsync("jwks", Jwks, context));
        _app.MapPost($"/realms/{Realm}/token", context => AnswerAsync("token", Logins.TokenAsync, context));
        await _app.StartAsync();
    }

    public async Task StopListeningAsync()
    {
        if (_app is not null)
        {
            await _app.DisposeAsync();
            _app = null;
        }
    }

    public JsonObject DiscoveryJson() => new()
    {
        ["issuer"] = Issuer,
        ["jwks_uri"] = Issuer + "/jwks",
        ["authorization_endpoint"] = Issuer + "/auth",
        ["token_endpoint"] = Issuer + "/token",
        ["end_session_endpoint"] = Issuer + "/logout",
        ["authorization_response_iss_parameter_supported"] = true,
    };

    public string JwksJson() => $$"""{"keys":[{{string.Join(',', Keys.Select(key => key.PublicKey.ToJson()))}}]}""";

    /// <summary>
    /// From now on a member that nobody needs comes after the keys, as fast as it is taken, but for a pause after two megabytes: whoever has gone by then is known to have. What it returns ends with the
    /// first answer: how many bytes of that were sent.
    /// </summary>
    public Task<int> PadJwks(int bytes)
    {
        const int BeforePause = 2 * 1024 * 1024;
        var first = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        var chunk = Enumerable.Repeat((byte)'x', 16 * 1024).ToArray();
        Jwks = async context =>
        {
            var taken = 0;
            try
            {
                await context.Response.WriteAsync(JwksJson()[..^1] + ",\"padding\":\"", context.RequestAborted);
                for (; taken < bytes; taken += chunk.Length)
                {
                    if (taken == BeforePause)
                    {
                        // Writes to a connection that has ended succeed until the request is known to be aborted.
                        await Task.Delay(TimeSpan.FromSeconds(2), context.RequestAborted);
                    }

                    await context.Response.Body.WriteAsync(chunk, context.RequestAborted);
                }

                await context.Response.WriteAsync("\"}", context.RequestAborted);
            }
            finally
            {
                first.TrySetResult(taken);
            }
        };
        return first.Task;
    }

    /// <summary>A good access token of five minutes, unless changed.</summary>
    public string Token(Action<JsonObject>? change = null, ISignatureKey? key = null, string typ = "JWT")
    {
        var claims = Claims();
        change?.Invoke(claims);
        return Jwt.Sign(claims, key ?? Keys[0], typ);
    }

    public JsonObject Claims()
    {
        var now = _time.GetUtcNow().ToUnixTimeSeconds();
        return new()
        {
            ["iss"] = Issuer,
            ["aud"] = new JsonArray("account", Audience),
            ["sub"] = "0f9c3c1e-0000-4000-8000-000000000001",
            ["typ"] = "Bearer",
            ["iat"] = now,
            ["exp"] = now + 300,
            ["preferred_username"] = "ann",
            ["realm_access"] = new JsonObject { ["roles"] = new JsonArray("offline_access", "cdm-admin") },
        };
    }

    public async ValueTask DisposeAsync()
    {
        await StopListeningAsync();
        Keys.ForEach(key => key.Dispose());
        _certificates.Dispose();
        _folder.Dispose();
    }

    private Task AnswerAsync(string what, RequestDelegate answer, HttpContext context)
    {
        _requests.AddOrUpdate(what, 1, (_, count) => count + 1);
        context.Response.ContentType = "application/json";
        return answer(context);
    }
}
