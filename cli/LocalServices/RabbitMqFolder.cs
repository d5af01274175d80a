using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace IoTPlatform.LocalServices;

/// <summary>A private RabbitMQ's folder: what deploy/rabbitmq ships, and one file on top that moves ports and paths.</summary>
public sealed class RabbitMqFolder
{
    /// <summary>The administrator.</summary>
    public const string User = "iot-provider";
    private readonly string _path;
    private readonly string _shipped;
    private readonly string? _tenant;

    private RabbitMqFolder(string path, RabbitMqPorts ports, string shipped, string? tlsFolder, string? tenant)
    {
        _path = path;
        _shipped = shipped;
        _tenant = tenant;
        Ports = ports;
        Tls = tlsFolder ?? Combine("tls");
    }

    /// <summary>Has root.pem, server.pem and the CRL of every issuer before a client connects.</summary>
    public string Tls { get; }

    public RabbitMqPorts Ports { get; }

    /// <summary>The administrator's, made for this folder.</summary>
    public string Password { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    public Uri ManagementUrl => Local("https", Ports.Management);

    public Uri AmqpUrl => Local("amqps", Ports.Amqp);

    /// <summary>What makes a provider use this broker.</summary>
    public IReadOnlyDictionary<string, string?> ProviderSettings => new Dictionary<string, string?>(StringComparer.Ordinal)
    {
        ["IOT_BROKER"] = "rabbitmq",
        ["IOT_RABBITMQ_MANAGEMENT_URL"] = ManagementUrl.AbsoluteUri,
        ["IOT_RABBITMQ_AMQP_URL"] = AmqpUrl.AbsoluteUri,
        ["IOT_RABBITMQ_PASSWORD_FILE"] = PasswordFile,
        ["IOT_RABBITMQ_TLS_FOLDER"] = Tls,
    };

    /// <param name="path">Exists; all of the broker's files go below it.</param>
    /// <param name="ports">All on loopback.</param>
    /// <param name="shipped">deploy/rabbitmq.</param>
    /// <param name="tlsFolder">Null: <c>tls</c> below <paramref name="path"/>.</param>
    /// <param name="tenant">Whose devices connect; null: the provider's broker.</param>
    /// <param name="major">Of the RabbitMQ that will run with it.</param>
    public static RabbitMqFolder Create(string path, RabbitMqPorts ports, string shipped, string? tlsFolder = null, string? tenant = null, int major = 3)
    {
        var folder = new RabbitMqFolder(path, ports, shipped, tlsFolder, tenant);
        foreach (var name in new[] { "home", "conf", "tls" })
        {
            Directory.CreateDirectory(folder.Combine(name));
        }

        foreach (var file in Directory.GetFiles(folder.Role, "*.conf").Concat(major >= 4 ? Directory.GetFiles(Path.Combine(shipped, "4.x"), "*.conf") : []))
        {
            File.Copy(file, folder.Combine("conf", Path.GetFileName(file)));
        }

        using (var password = new StreamWriter(folder.PasswordFile, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
        {
            password.Write(folder.Password);
        }

        File.WriteAllText(folder.Combine("conf", "90-private.conf"), folder.Site());
        File.WriteAllText(folder.Combine("advanced.config"), File.ReadAllText(Path.Combine(folder.Role, "advanced.config")).Replace("/etc/rabbitmq/tls", folder.Tls, StringComparison.Ordinal));
        File.WriteAllText(folder.Combine("definitions.json"), folder.Definitions());
        File.Copy(Path.Combine(shipped, "enabled_plugins"), folder.Combine("enabled_plugins"));
        return folder;
    }

    /// <summary>Has the broker ask this provider or tenant what its clients may do; before that it asks where no host answers, and lets in none of them.</summary>
    /// <param name="host">By a name of its certificate; an address of this machine becomes <c>localhost</c>, because Erlang finds no address in a certificate.</param>
    public void Ask(Uri host)
    {
        var (conf, standard) = _tenant is null ? ("15-ask.conf", "https://localhost:9443/") : ("15-devices.conf", "https://localhost:9543/");
        var url = host is { IsLoopback: true, HostNameType: not UriHostNameType.Dns } ? new UriBuilder(host) { Host = "localhost" }.Uri : host;
        File.WriteAllText(Combine("conf", conf), File.ReadAllText(Path.Combine(Role, conf)).Replace(standard, url.ToString(), StringComparison.Ordinal));
    }

    /// <summary>Erlang's port mapper, which has to listen before the broker starts and until it has ended.</summary>
    public ServiceCommand Epmd() => new() { FileName = "epmd", Arguments = ["-port", Number(Ports.Epmd), "-address", "127.0.0.1"], Environment = new Dictionary<string, string?>(StringComparer.Ordinal) };

    /// <param name="program">A RabbitMQ of the version this folder is for.</param>
    public ServiceCommand Broker(RabbitMqProgram program) => new()
    {
        FileName = program.Path,
        Arguments = [],
        Environment = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["HOME"] = Combine("home"),
            ["ERL_EPMD_PORT"] = Number(Ports.Epmd),
            ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
            // Erlang would start a port mapper of its own when ours is away, at a stop too, and nobody would end it.
            ["ERL_ZFLAGS"] = "-start_epmd false",
            ["ERL_CRASH_DUMP"] = "/dev/null",
            ["RABBITMQ_NODENAME"] = $"iot{Number(Ports.Amqp)}@localhost",
            ["RABBITMQ_DIST_PORT"] = Number(Ports.Distribution),
            ["RABBITMQ_CONF_ENV_FILE"] = "/dev/null",
            ["RABBITMQ_PID_FILE"] = Combine("pid"),
            ["RABBITMQ_MNESIA_BASE"] = Combine("db"),
            ["RABBITMQ_LOG_BASE"] = Combine("log"),
            ["RABBITMQ_LOGS"] = "-",
            ["RABBITMQ_CONFIG_FILE"] = Combine("none"),
            ["RABBITMQ_ADVANCED_CONFIG_FILE"] = Combine("advanced.config"),
            ["RABBITMQ_CONFIG_FILES"] = Combine("conf"),
            ["RABBITMQ_ENABLED_PLUGINS_FILE"] = Combine("enabled_plugins"),
            ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "-kernel inet_dist_use_interface {127,0,0,1}",
            // Makes the script become the broker instead of watching it: one process, whose id is ours.
            ["RUNNING_UNDER_SYSTEMD"] = "true",
        },
    };

    private string Site()
    {
        var root = Path.Combine(Tls, "root.pem");
        var server = Path.Combine(Tls, "server.pem");
        return $"""
            management.ssl.cacertfile = {root}
            management.ssl.certfile = {server}
            management.ssl.keyfile = {server}
            management.ssl.port = {Number(Ports.Management)}
            mqtt.listeners.ssl.default = 127.0.0.1:{Number(Ports.Mqtt)}
            listeners.ssl.default = 127.0.0.1:{Number(Ports.Amqp)}
            prometheus.tcp.port = {Number(Ports.Prometheus)}
            definitions.local.path = {Combine("definitions.json")}
            mqtt.vhost = {_tenant ?? "_none"}

            """;
    }

    /// <summary>The shipped definitions and the administrator, whose password is stored as RabbitMQ stores it: salt, then SHA-256 of salt and password.</summary>
    private string Definitions()
    {
        var definitions = JsonNode.Parse(File.ReadAllText(Path.Combine(Role, "definitions.json")))!.AsObject();
        var salt = RandomNumberGenerator.GetBytes(4);
        byte[] hash = [.. salt, .. SHA256.HashData([.. salt, .. Encoding.UTF8.GetBytes(Password)])];
        definitions["users"]!.AsArray().Add(new JsonObject
        {
            ["name"] = User,
            ["password_hash"] = Convert.ToBase64String(hash),
            ["hashing_algorithm"] = "rabbit_password_hashing_sha256",
            ["tags"] = new JsonArray("administrator"),
        });
        if (_tenant is not null)
        {
            definitions["vhosts"]!.AsArray().Add(new JsonObject { ["name"] = _tenant });
        }

        return definitions.ToJsonString();
    }

    private string PasswordFile => Combine("password");

    /// <summary>Configuration of a provider's broker, or of a tenant's.</summary>
    private string Role => _tenant is null ? _shipped : Path.Combine(_shipped, "tenant");

    private string Combine(params string[] parts) => Path.Combine([_path, .. parts]);

    private static Uri Local(string scheme, int port) => new(string.Create(CultureInfo.InvariantCulture, $"{scheme}://localhost:{port}/"));

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Where a private RabbitMQ listens, all on loopback.</summary>
public sealed record RabbitMqPorts(int Epmd, int Distribution, int Amqp, int Mqtt, int Management, int Prometheus)
{
    public static RabbitMqPorts Free() => new(FreePort.Next(), FreePort.Next(), FreePort.Next(), FreePort.Next(), FreePort.Next(), FreePort.Next());
}
