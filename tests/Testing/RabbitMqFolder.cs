using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace IoTPlatform.Testing;

/// <summary>A private RabbitMQ's folder: what deploy/rabbitmq ships, and one file on top that moves ports and paths.</summary>
internal sealed class RabbitMqFolder : IDisposable
{
    public const string User = "iot-provider";
    private readonly TempFolder _folder = new();

    private RabbitMqFolder(string? tlsFolder) => Tls = tlsFolder ?? _folder.Combine("tls");

    public string Tls { get; }

    public RabbitMqPorts Ports { get; } = RabbitMqPorts.Free();

    public string Password { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    public static RabbitMqFolder Create(string? tlsFolder)
    {
        var folder = new RabbitMqFolder(tlsFolder);
        foreach (var name in new[] { "home", "conf", "tls" })
        {
            Directory.CreateDirectory(folder._folder.Combine(name));
        }

        foreach (var file in Directory.GetFiles(Shipped, "*.conf"))
        {
            File.Copy(file, folder._folder.Combine("conf", Path.GetFileName(file)));
        }

        File.WriteAllText(folder._folder.Combine("conf", "90-test.conf"), folder.Site());
        File.WriteAllText(folder._folder.Combine("definitions.json"), folder.Definitions());
        File.Copy(Path.Combine(Shipped, "enabled_plugins"), folder._folder.Combine("enabled_plugins"));
        return folder;
    }

    public static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    public Dictionary<string, string?> Environment() => new(StringComparer.Ordinal)
    {
        ["HOME"] = _folder.Combine("home"),
        ["ERL_EPMD_PORT"] = Number(Ports.Epmd),
        ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
        ["ERL_CRASH_DUMP"] = "/dev/null",
        ["RABBITMQ_NODENAME"] = $"iot{Number(Ports.Amqp)}@localhost",
        ["RABBITMQ_DIST_PORT"] = Number(Ports.Distribution),
        ["RABBITMQ_CONF_ENV_FILE"] = "/dev/null",
        ["RABBITMQ_PID_FILE"] = _folder.Combine("pid"),
        ["RABBITMQ_MNESIA_BASE"] = _folder.Combine("db"),
        ["RABBITMQ_LOG_BASE"] = _folder.Combine("log"),
        ["RABBITMQ_LOGS"] = "-",
        ["RABBITMQ_CONFIG_FILE"] = _folder.Combine("none"),
        ["RABBITMQ_ADVANCED_CONFIG_FILE"] = _folder.Combine("advanced.config"),
        ["RABBITMQ_CONFIG_FILES"] = _folder.Combine("conf"),
        ["RABBITMQ_ENABLED_PLUGINS_FILE"] = _folder.Combine("enabled_plugins"),
        ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = "-kernel inet_dist_use_interface {127,0,0,1}",
        // Makes the script become the broker instead of watching it: one process, whose id is ours.
        ["RUNNING_UNDER_SYSTEMD"] = "true",
    };

    /// <summary>The shipped add-on for 3.x, pointed at this provider and these certificates.</summary>
    public void AskProvider(Uri provider)
    {
        var addOn = Path.Combine(Shipped, "3.x");
        var conf = File.ReadAllText(Path.Combine(addOn, "15-client-ids.conf")).Replace("https://localhost:9443/", provider.ToString(), StringComparison.Ordinal);
        File.WriteAllText(_folder.Combine("conf", "15-client-ids.conf"), conf);
        var advanced = File.ReadAllText(Path.Combine(addOn, "advanced.config")).Replace("/etc/rabbitmq/tls", Tls, StringComparison.Ordinal);
        File.WriteAllText(_folder.Combine("advanced.config"), advanced);
    }

    public void Dispose() => _folder.Dispose();

    private static string Shipped => Path.Combine(Tools.RepositoryRoot, "deploy", "rabbitmq");

    private string Site()
    {
        var root = Path.Combine(Tls, "root.pem");
        var server = Path.Combine(Tls, "server.pem");
        return $"""
            ssl_options.cacertfile = {root}
            ssl_options.certfile = {server}
            ssl_options.keyfile = {server}
            management.ssl.cacertfile = {root}
            management.ssl.certfile = {server}
            management.ssl.keyfile = {server}
            management.ssl.port = {Number(Ports.Management)}
            mqtt.listeners.ssl.default = 127.0.0.1:{Number(Ports.Mqtt)}
            listeners.ssl.default = 127.0.0.1:{Number(Ports.Amqp)}
            prometheus.tcp.port = {Number(Ports.Prometheus)}
            definitions.local.path = {_folder.Combine("definitions.json")}

            """;
    }

    /// <summary>The shipped definitions and the administrator, whose password is stored as RabbitMQ stores it: salt, then SHA-256 of salt and password.</summary>
    private string Definitions()
    {
        var definitions = JsonNode.Parse(File.ReadAllText(Path.Combine(Shipped, "definitions.json")))!.AsObject();
        var salt = RandomNumberGenerator.GetBytes(4);
        byte[] hash = [.. salt, .. SHA256.HashData([.. salt, .. Encoding.UTF8.GetBytes(Password)])];
        definitions["users"]!.AsArray().Add(new JsonObject
        {
            ["name"] = User,
            ["password_hash"] = Convert.ToBase64String(hash),
            ["hashing_algorithm"] = "rabbit_password_hashing_sha256",
            ["tags"] = new JsonArray("administrator"),
        });
        return definitions.ToJsonString();
    }
}
