using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IoTPlatform.LocalServices;

namespace IoTPlatform.Testing;

/// <summary>
/// A private RabbitMQ with the configuration the platform ships, on loopback, with its own epmd and data folder. The kernel ends
/// both when the test process ends, however that happens.
/// </summary>
public sealed class RabbitMqServer : IAsyncDisposable
{
    private const string LookersPassword = "who is there";
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(120);
    private static readonly Lazy<Task<RabbitMqServer>> One = new(() => StartAsync());
    private readonly RabbitMqFolder _folder;
    private readonly TempFolder _files;
    private readonly HttpClient _http;
    private readonly ThrowAwayCa? _ca;
    private ProcessUnderTest? _epmd;
    private ProcessUnderTest? _broker;

    private RabbitMqServer(TempFolder files, RabbitMqFolder folder, ThrowAwayCa? ca)
    {
        _files = files;
        _folder = folder;
        _ca = ca;
        _http = Http();
    }

    public Uri ManagementUrl => _folder.ManagementUrl;

    public int MqttPort => _folder.Ports.Mqtt;

    /// <summary>Root of the broker's process tree.</summary>
    public int ProcessId => _broker!.Id;

    public int AmqpPort => _folder.Ports.Amqp;

    public Uri AmqpUrl => _folder.AmqpUrl;

    /// <summary>What makes a provider use this broker.</summary>
    public IReadOnlyDictionary<string, string?> ProviderSettings => _folder.ProviderSettings;

    /// <summary>What makes the tenant use this broker that it was prepared for. Before it knows who is connected: <see cref="LetTenantLookAsync"/>.</summary>
    public IReadOnlyDictionary<string, string?> TenantSettings => new Dictionary<string, string?>
    {
        ["IOT_BROKER"] = "rabbitmq",
        ["IOT_RABBITMQ_TLS_FOLDER"] = _folder.Tls,
        ["IOT_RABBITMQ_MANAGEMENT_URL"] = ManagementUrl.ToString(),
        ["IOT_RABBITMQ_AMQP_URL"] = AmqpUrl.ToString(),
        ["IOT_RABBITMQ_PASSWORD"] = LookersPassword,
    };

    public int PrometheusPort => _folder.Ports.Prometheus;

    public string User => RabbitMqFolder.User;

    public string Password => _folder.Password;

    /// <summary>The root that signed the broker's certificate, as a file.</summary>
    public string RootFile => Path.Combine(_folder.Tls, "root.pem");

    /// <summary>Who signed the broker's certificate, and may sign its clients'. Only where the folder was not given.</summary>
    public ThrowAwayCa Ca => _ca ?? throw new InvalidOperationException("this broker has another's certificates");

    /// <summary>What the broker logged since its last start.</summary>
    public string Log => _broker?.Output ?? "";

    /// <summary>Returns when a line with this text is in it, past or future.</summary>
    public Task WaitForLogAsync(string text) => _broker!.WaitForLineAsync(l => l.Contains(text, StringComparison.Ordinal));

    /// <summary>The one of this test process, with a throw-away CA. Skips the test where RabbitMQ is missing.</summary>
    public static Task<RabbitMqServer> SharedAsync()
    {
        RequireRabbitMq();
        return One.Value;
    }

    /// <summary>Starts another one, and returns when it answers on all its ports.</summary>
    /// <param name="tlsFolder">Has root.pem and server.pem (key, certificate, issuers); null: a throw-away CA's.</param>
    public static async Task<RabbitMqServer> StartAsync(string? tlsFolder = null)
    {
        var server = await PrepareAsync(tlsFolder);
        try
        {
            await server.StartAgainAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ports, password and folder are there, the broker is not: <see cref="StartAgainAsync"/> starts it.</summary>
    /// <param name="tlsFolder">As of <see cref="StartAsync(string?)"/>.</param>
    /// <param name="tenant">Whose devices connect; null: the provider's broker.</param>
    public static async Task<RabbitMqServer> PrepareAsync(string? tlsFolder = null, string? tenant = null)
    {
        RequireRabbitMq();
        Requires.That(tenant is null || RabbitMqProgram.Installed!.Version is not { Major: 4, Minor: 0 }, "RabbitMQ 4.0 does not tell the tenant whether it was a certificate that logged in; take 3.x or 4.1");
        var ca = tlsFolder is null ? new ThrowAwayCa() : null;
        var files = new TempFolder();
        var ports = RabbitMqPorts.Free();
        var folder = RabbitMqFolder.Create(files.Path, ports, Path.Combine(Tools.RepositoryRoot, "deploy", "rabbitmq"), tlsFolder, tenant, RabbitMqProgram.Installed!.Version.Major);
        if (ca is not null)
        {
            await File.WriteAllTextAsync(Path.Combine(folder.Tls, "root.pem"), ca.RootPem);
            await File.WriteAllTextAsync(Path.Combine(folder.Tls, "server.pem"), ca.Server("localhost", "127.0.0.1"));
            ca.WriteRevocationList(folder.Tls);
        }

        return new RabbitMqServer(files, folder, ca);
    }

    /// <summary>From the next start on the broker asks this provider or tenant what its clients may do, as in deploy/rabbitmq; until then its requests have no listener.</summary>
    public void Ask(Uri host) => _folder.Ask(host);

    /// <summary>What an operator does to a file of its configuration, of which the next start learns.</summary>
    /// <param name="file">Below the broker's folder, for example <c>conf/15-ask.conf</c>.</param>
    /// <param name="edit">Old text to new.</param>
    public void Edit(string file, Func<string, string> edit) => File.WriteAllText(_files.Combine(file), edit(File.ReadAllText(_files.Combine(file))));

    /// <summary>After <see cref="KillAsync"/>, on the same data and the same ports.</summary>
    public async Task StartAgainAsync()
    {
        await LaunchAsync();
        await ReadyAsync();
    }

    /// <summary>Starts without waiting for it to answer.</summary>
    public async Task LaunchAsync()
    {
        await PortMapperAsync();
        _broker = await ForkThread.StartAsync(_folder.Broker(RabbitMqProgram.Installed!));
    }

    public async Task ReadyAsync()
    {
        using var limit = new CancellationTokenSource(StartTimeout);
        while (!await ListensAsync(MqttPort, limit.Token) || !await ListensAsync(AmqpPort, limit.Token))
        {
            if (_broker!.HasExited || limit.IsCancellationRequested)
            {
                throw new InvalidOperationException($"RabbitMQ did not start:\n{Log}");
            }

            await Task.Delay(200, CancellationToken.None);
        }
    }

    /// <summary>SIGKILL to the broker, as an out-of-memory killer would; its data stay.</summary>
    public async Task KillAsync()
    {
        if (_broker is { HasExited: false } broker)
        {
            await broker.KillAsync();
        }
    }

    /// <summary>A clean stop and a new start.</summary>
    public async Task RestartAsync()
    {
        _broker!.Terminate();
        await _broker.WaitForExitAsync(StartTimeout);
        await StartAgainAsync();
    }

    /// <summary>The login with which a tenant polls connections.</summary>
    /// <param name="tag">Of RabbitMQ: monitoring, or administrator, which may end connections as well.</param>
    public Task LetTenantLookAsync(string tag) => AdminAsync(HttpMethod.Put, "users/iot-tenant", $$"""{"password":"{{LookersPassword}}","tags":"{{tag}}"}""");

    /// <summary>One call of the management API as the administrator, for objects that a test changes or reads without the platform.</summary>
    /// <param name="method">HTTP method.</param>
    /// <param name="path">Below <c>api/</c>, escaped.</param>
    /// <param name="json">Body.</param>
    /// <returns>The answer's body; null for 404. Anything else above 399 throws.</returns>
    public async Task<string?> AdminAsync(HttpMethod method, string path, string? json = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(ManagementUrl, "api/" + path));
        request.Content = json is null ? null : new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await _http.SendAsync(request);
        var body = await response.Content.ReadAsStringAsync();
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }

        return response.IsSuccessStatusCode ? body : throw new InvalidOperationException($"{method} {path}: {(int)response.StatusCode} {body}");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in new[] { _broker, _epmd })
        {
            if (process is not null)
            {
                await process.DisposeAsync();
            }
        }

        _http.Dispose();
        _ca?.Dispose();
        _files.Dispose();
    }

    private static void RequireRabbitMq()
    {
        Requires.That(RabbitMqProgram.Installed is not null, "rabbitmq-server is not installed");
        Requires.Tool("epmd");
        Requires.Tool("setpriv");
    }

    private async Task PortMapperAsync()
    {
        if (_epmd is not null)
        {
            return;
        }

        _epmd = await ForkThread.StartAsync(_folder.Epmd());
        using var limit = new CancellationTokenSource(StartTimeout);
        while (!await ListeningPort.IsOpenAsync(_folder.Ports.Epmd, limit.Token))
        {
            if (_epmd.HasExited)
            {
                throw new InvalidOperationException("Erlang's port mapper did not start.");
            }

            await Task.Delay(20, limit.Token);
        }
    }

    private async Task<bool> ListensAsync(int port, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await _http.GetAsync(new Uri(ManagementUrl, $"api/health/checks/port-listener/{port.ToString(CultureInfo.InvariantCulture)}"), cancellationToken);
            return response.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    private HttpClient Http()
    {
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, chain, _) => Trusts(certificate, chain);
        var http = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(30) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Password}")));
        return http;
    }

    /// <summary>Reads the root each time: it may be another one after a restart.</summary>
    private bool Trusts(X509Certificate? certificate, X509Chain? chain)
    {
        if (certificate is not X509Certificate2 leaf || chain is null)
        {
            return false;
        }

        using var root = X509CertificateLoader.LoadCertificateFromFile(RootFile);
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        return chain.Build(leaf);
    }
}
