using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Hosting;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using MQTTnet.Protocol;
using Npgsql;

namespace IoTPlatform.Mqtt.Tests.Support;

/// <summary>A host with a broker, on a real Kestrel with real certificates. Clients are called by the CN of their certificate.</summary>
public sealed class BrokerHost : IMqttAuthenticator, ISessionObserver, IAsyncLifetime
{
    private readonly ThrowAwayCa _ca = new();
    private readonly NpgsqlDataSource _noDatabase = NpgsqlDataSource.Create("Host=127.0.0.1");
    private readonly ConcurrentQueue<string> _presence = new();
    private WebApplication _app = null!;

    internal RecordingStore Store { get; } = new();

    internal LogCapture Log { get; } = new();

    internal StoppableClock Clock { get; } = new();

    internal MqttSessions Sessions => _app.Services.GetRequiredService<MqttSessions>();

    /// <summary>From now on.</summary>
    internal CounterReadings Count() => new(_app.Services.GetRequiredService<BrokerMetrics>());

    internal IReadOnlyList<string> Presence => [.. _presence];

    public int Port { get; private set; }

    public int HttpsPort { get; private set; }

    public string RootPem => _ca.RootPem;

    public X509Certificate2 Root => X509Certificate2.CreateFromPem(_ca.RootPem);

    /// <summary>Asked at every CONNECT: names that are not let in.</summary>
    public ConcurrentDictionary<string, MqttConnectReasonCode> Refused { get; } = new();

    public ConcurrentDictionary<string, MqttLimits> Limits { get; } = new();

    public ConcurrentDictionary<string, DateTimeOffset> Expiry { get; } = new();

    /// <summary>What is asked before an answer is given.</summary>
    public Func<string, Task> OnAuthenticate { get; set; } = _ => Task.CompletedTask;

    public string ClientPem(string name) => _ca.Client(name);

    public async Task InitializeAsync()
    {
        var server = _ca.Server("localhost", "127.0.0.1");
        using var ephemeral = X509Certificate2.CreateFromPem(server, server);
        var certificate = X509CertificateLoader.LoadPkcs12(ephemeral.Export(X509ContentType.Pfx), null);
        var context = SslStreamCertificateContext.Create(certificate, [X509Certificate2.CreateFromPem(_ca.IntermediatePem)], offline: true);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Debug).AddProvider(Log);
        builder.Services.AddPlatformHosting(_noDatabase, Clock);
        builder.Services.AddAuthentication().AddScheme<AuthenticationSchemeOptions, TokenHandler>(TokenHandler.Name, _ => { });
        builder.Services.AddAuthorizationBuilder().AddPolicy(Policies.Operator, policy => policy.AddAuthenticationSchemes(TokenHandler.Name).RequireRole("operator"));
        builder.Services.AddSingleton<IMqttAuthenticator>(this).AddSingleton<IMessageStore>(Store).AddSingleton<ISessionObserver>(this).AddMqttBroker();
        builder.WebHost.UseMqtt([ListenAddress.Parse("https://127.0.0.1:0")], Tls(context, MqttHosting.Alpn));
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(ListenAddress.Parse("https://127.0.0.1:0"), listen =>
        {
            listen.UseHttps(Tls(context, SslApplicationProtocol.Http11, MqttHosting.Alpn));
            listen.UseMqtt();
        }));
        _app = builder.Build();
        _app.UsePlatformHosting();
        _app.MapMqtt();
        await _app.StartAsync();
        int[] ports = [.. _app.Urls.Select(url => new Uri(url).Port)];
        (Port, HttpsPort) = (ports[0], ports[1]);
    }

    public async Task DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        await _noDatabase.DisposeAsync();
        _ca.Dispose();
    }

    public async ValueTask<AuthenticationResult> AuthenticateAsync(MqttCredentials credentials, CancellationToken cancellationToken)
    {
        if (credentials.Certificate is not { } certificate || !IsOurs(certificate))
        {
            return AuthenticationResult.Refused(MqttConnectReasonCode.NotAuthorized, "A client certificate of this CA is required.");
        }

        var name = certificate.GetNameInfo(X509NameType.SimpleName, false);
        await OnAuthenticate(name);
        return Refused.TryGetValue(name, out var code)
            ? AuthenticationResult.Refused(code, "refused by the test")
            : AuthenticationResult.Admitted(new MqttIdentity
            {
                Name = name,
                ClientId = name,
                Access = AccessOf(name),
                Limits = Limits.GetValueOrDefault(name, MqttLimits.Default),
                ExpiresAt = Expiry.TryGetValue(name, out var end) ? end : null,
            });
    }

    /// <summary>The system's, but for its reading while it is stopped; timers go on.</summary>
    internal sealed class StoppableClock : TimeProvider
    {
        private DateTimeOffset? _stopped;

        public IDisposable Stop()
        {
            _stopped = System.GetUtcNow();
            return new Restart(this);
        }

        public override DateTimeOffset GetUtcNow() => _stopped ?? System.GetUtcNow();

        private sealed class Restart(StoppableClock clock) : IDisposable
        {
            public void Dispose() => clock._stopped = null;
        }
    }

    public Task ConnectedAsync(MqttIdentity identity, CancellationToken cancellationToken)
    {
        _presence.Enqueue($"+{identity.Name}");
        return Task.CompletedTask;
    }

    public Task DisconnectedAsync(MqttIdentity identity, CancellationToken cancellationToken)
    {
        _presence.Enqueue($"-{identity.Name}");
        return Task.CompletedTask;
    }

    private static AccessPolicy AccessOf(string name) => new(
        [$"devices/{name}/telemetry/#", $"devices/{name}/commands/+/response"],
        [$"devices/{name}/commands/#"],
        [
            new TopicAlias("v1/devices/me/telemetry", $"devices/{name}/telemetry"),
            new TopicAlias("v1/devices/me/rpc/request/+", $"devices/{name}/commands/+"),
            new TopicAlias("v1/devices/me/rpc/response/+", $"devices/{name}/commands/+/response"),
        ]);

    private static TlsHandshakeCallbackOptions Tls(SslStreamCertificateContext certificate, params SslApplicationProtocol[] protocols) => new()
    {
        OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
        {
            ServerCertificateContext = certificate,
            ClientCertificateRequired = true,
            ApplicationProtocols = [.. protocols],
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
        }),
    };

    private bool IsOurs(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(Root);
        chain.ChainPolicy.ExtraStore.Add(X509Certificate2.CreateFromPem(_ca.IntermediatePem));
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }
}
