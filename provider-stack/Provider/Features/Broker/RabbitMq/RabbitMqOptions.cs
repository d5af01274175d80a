using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.RabbitMq;
using IoTPlatform.RabbitMq.Amqp;

namespace IoTPlatform.Provider.Features.Broker.RabbitMq;

/// <summary>How the provider reaches its RabbitMQ.</summary>
internal sealed record RabbitMqOptions
{
    /// <summary>As a RabbitMQ administrator.</summary>
    public required RabbitMqManagementOptions Management { get; init; }

    /// <summary>Where the platform itself speaks AMQP: scheme amqps, or amqp to loopback; host and port.</summary>
    public required Uri AmqpUrl { get; init; }

    /// <summary>Where the broker reads its own certificate; null if the platform does not manage it.</summary>
    public string? TlsFolder { get; init; }

    /// <summary>DNS names and addresses of the broker, for that certificate; NameRegistry adds what bundles promise.</summary>
    public required IReadOnlyList<string> Names { get; init; }
}

/// <summary>Settings of the choice of broker, and of RabbitMQ.</summary>
internal static class RabbitMqSettings
{
    public const string Broker = "IOT_BROKER";
    public const string AmqpUrl = AmqpSettings.Url;
    public const string TlsFolder = "IOT_RABBITMQ_TLS_FOLDER";
    public const string Names = "IOT_RABBITMQ_NAMES";

    public static readonly string[] All = [Broker, AmqpUrl, TlsFolder, Names, .. RabbitMqManagementSettings.All];
}

/// <summary>Reads the broker's settings.</summary>
internal static class RabbitMqOptionsReader
{
    private const string Embedded = "embedded";
    private const string RabbitMq = "rabbitmq";

    /// <summary>Null: the embedded broker, or the management API cannot be used.</summary>
    public static RabbitMqOptions? Read(SettingsReader settings, string publicHost)
    {
        var broker = settings.Get(RabbitMqSettings.Broker, Embedded);
        if (broker == Embedded)
        {
            return null;
        }

        if (broker != RabbitMq)
        {
            settings.Invalid(RabbitMqSettings.Broker, broker, $"it must be {Embedded} or {RabbitMq}");
            return null;
        }

        if (settings[RabbitMqManagementSettings.Url] is null)
        {
            settings.Invalid(RabbitMqManagementSettings.Url, "", $"it is needed with {RabbitMqSettings.Broker}={RabbitMq}, for example https://127.0.0.1:15671");
        }

        if (settings[RabbitMqSettings.TlsFolder] is { } folder && !Directory.Exists(folder))
        {
            settings.Invalid(RabbitMqSettings.TlsFolder, folder, "there is no such folder; make it, writable for the provider and readable for RabbitMQ");
        }

        var (management, amqp) = (RabbitMqManagementReader.Read(settings, "iot-provider"), AmqpSettings.Read(settings, "amqps", "amqp"));
        var names = ServerNameList.Read(settings, RabbitMqSettings.Names, $"localhost,127.0.0.1,{publicHost}");
        return management is null ? null : new RabbitMqOptions { Management = management, AmqpUrl = amqp, TlsFolder = settings[RabbitMqSettings.TlsFolder], Names = names };
    }
}
