using IoTPlatform.Hosting;
using IoTPlatform.Provider.Startup;

namespace IoTPlatform.Provider.Features.Messaging.RabbitMq;

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
            return null;
        if (broker != RabbitMq)
        {
            mistake(RabbitMqSettings.Broker, broker, $"it must be {Embedded} or {RabbitMq}");
            return null;
        }

        var management = Management();
        var amqp = AmqpUrl();
        RequireTlsFolder();
        var names = Names(publicHost);
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
            mistake(RabbitMqManagementSettings.Url, "", $"it is needed with {RabbitMqSettings.Broker}={RabbitMq}, for example https://127.0.0.1:15671");
        return new RabbitMqManagementReader(settings, mistake).Read("iot-provider");
    }

    private Uri? AmqpUrl()
    {
        var text = settings.Get(RabbitMqSettings.AmqpUrl, "amqps://127.0.0.1:5671");
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("amqps" or "amqp")
            || url is not { Host.Length: > 0, UserInfo.Length: 0, AbsolutePath: "" or "/", Query.Length: 0, Fragment.Length: 0 })
            mistake(RabbitMqSettings.AmqpUrl, text, "it must be an amqps URL of a host and a port, without credentials");
        else if (url.Scheme == "amqp" && !HostNames.IsLoopback(url.Host))
            mistake(RabbitMqSettings.AmqpUrl, text, "amqp would send a password in the clear; only loopback may have it");
        else
            return url;
        return null;
    }

    private void RequireTlsFolder()
    {
        if (settings[RabbitMqSettings.TlsFolder] is { } path && !Directory.Exists(path))
            mistake(RabbitMqSettings.TlsFolder, path, "there is no such folder; make it, writable for the provider and readable for RabbitMQ");
    }

    private List<string> Names(string publicHost)
    {
        var names = settings.List(RabbitMqSettings.Names, $"localhost,127.0.0.1,{publicHost}").Select(n => n.ToLowerInvariant()).Distinct(StringComparer.Ordinal).ToList();
        foreach (var name in names.Where(name => !HostNames.IsHost(name)))
            mistake(RabbitMqSettings.Names, name, "it is neither a DNS name nor an IP address");
        return names;
    }
}
