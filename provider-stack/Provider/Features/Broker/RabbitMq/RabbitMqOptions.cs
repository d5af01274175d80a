using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.RabbitMq;

namespace IoTPlatform.Provider.Features.Broker.RabbitMq;

/// <summary>How the provider reaches its RabbitMQ.</summary>
internal sealed record RabbitMqOptions
{
    /// <summary>As a RabbitMQ administrator.</summary>
    public required RabbitMqManagementOptions Management { get; init; }

    /// <summary>Where the platform itself speaks AMQP: scheme amqps, or amqp to loopback; host and port.</summary>
    public required Uri AmqpUrl { get; init; }

    /// <summary>Where the broker reads its own certificate; null: somebody else takes care of it.</summary>
    public string? TlsFolder { get; init; }

    /// <summary>DNS names and addresses of the broker, for that certificate; NameRegistry adds what bundles promise.</summary>
    public required IReadOnlyList<string> Names { get; init; }
}

/// <summary>Settings of the choice of broker, and of RabbitMQ.</summary>
internal static class RabbitMqSettings
{
    public const string Broker = "IOT_BROKER";
    public const string AmqpUrl = "IOT_RABBITMQ_AMQP_URL";
    public const string TlsFolder = "IOT_RABBITMQ_TLS_FOLDER";
    public const string Names = "IOT_RABBITMQ_NAMES";

    public static readonly string[] All = [Broker, AmqpUrl, TlsFolder, Names, .. RabbitMqManagementSettings.All];
}

/// <summary>Reads the broker's settings. Every mistake is told to <paramref name="mistake"/>: setting, value, what is wrong with it.</summary>
internal sealed class RabbitMqOptionsReader(PlatformOptions settings, Action<string, string, string> mistake)
{
    private const string Embedded = "embedded";
    private const string RabbitMq = "rabbitmq";

    /// <summary>Null: the embedded broker.</summary>
    public RabbitMqOptions? Read(string publicHost)
    {
        var broker = settings.Get(RabbitMqSettings.Broker, Embedded);
        if (broker == Embedded)
        {
            return null;
        }

        if (broker != RabbitMq)
        {
            mistake(RabbitMqSettings.Broker, broker, $"it must be {Embedded} or {RabbitMq}");
            return null;
        }

        var management = Management();
        var amqp = AmqpUrl();
        RequireTlsFolder();
        var names = ServerNameList.Read(settings, RabbitMqSettings.Names, $"localhost,127.0.0.1,{publicHost}", mistake);
        return management is null || amqp is null ? null : new RabbitMqOptions
        {
            Management = management,
            AmqpUrl = amqp,
            TlsFolder = settings[RabbitMqSettings.TlsFolder],
            Names = names,
        };
    }

    private RabbitMqManagementOptions? Management()
    {
        if (settings[RabbitMqManagementSettings.Url] is null)
        {
            mistake(RabbitMqManagementSettings.Url, "", $"it is needed with {RabbitMqSettings.Broker}={RabbitMq}, for example https://127.0.0.1:15671");
        }

        return new RabbitMqManagementReader(settings, mistake).Read("iot-provider");
    }

    private Uri? AmqpUrl()
    {
        var text = settings.Get(RabbitMqSettings.AmqpUrl, "amqps://127.0.0.1:5671");
        if (!ServiceUrl.TryParse(text, ["amqps", "amqp"], out var url, out var why))
        {
            mistake(RabbitMqSettings.AmqpUrl, text, why);
        }
        else if (url.Url.AbsolutePath is not ("" or "/"))
        {
            mistake(RabbitMqSettings.AmqpUrl, text, "it must be an amqps URL of a host and a port, without a virtual host");
        }
        else if (url.Url.Scheme == "amqp" && !ServerName.IsLoopback(url.Host))
        {
            mistake(RabbitMqSettings.AmqpUrl, text, "amqp would send a password in the clear; only loopback may have it");
        }
        else
        {
            return url.Url;
        }

        return null;
    }

    private void RequireTlsFolder()
    {
        if (settings[RabbitMqSettings.TlsFolder] is { } path && !Directory.Exists(path))
        {
            mistake(RabbitMqSettings.TlsFolder, path, "there is no such folder; make it, writable for the provider and readable for RabbitMQ");
        }
    }
}
