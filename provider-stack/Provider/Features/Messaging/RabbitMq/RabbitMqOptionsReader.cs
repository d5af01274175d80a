using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
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

        var url = ManagementUrl();
        var amqp = AmqpUrl();
        RequirePassword();
        RequireCaFile();
        RequireTlsFolder();
        var names = Names(publicHost);
        return url is null || amqp is null ? null : new RabbitMqOptions
        {
            ManagementUrl = url,
            AmqpUrl = amqp,
            User = settings.Get(RabbitMqSettings.User, "iot-provider"),
            CaFile = settings[RabbitMqSettings.CaFile],
            TlsFolder = settings[RabbitMqSettings.TlsFolder],
            Names = names,
        };
    }

    private Uri? ManagementUrl()
    {
        var text = settings[RabbitMqSettings.ManagementUrl];
        if (text is null)
            mistake(RabbitMqSettings.ManagementUrl, "", $"it is needed with {RabbitMqSettings.Broker}={RabbitMq}, for example https://127.0.0.1:15671");
        else if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("https" or "http") || url is not { Host.Length: > 0, UserInfo.Length: 0, Query.Length: 0, Fragment.Length: 0 })
            mistake(RabbitMqSettings.ManagementUrl, text, "it must be an https URL without credentials");
        else if (url.Scheme == Uri.UriSchemeHttp && !HostNames.IsLoopback(url.Host))
            mistake(RabbitMqSettings.ManagementUrl, text, "http would send the password in the clear; only loopback may have it");
        else
            return url.AbsolutePath.EndsWith('/') ? url : new Uri(url.AbsoluteUri + "/");
        return null;
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

    private void RequirePassword()
    {
        try
        {
            if (settings.Secret(RabbitMqSettings.Password) is null)
                mistake(RabbitMqSettings.Password + "_FILE", "", $"it must name a file with the password of {RabbitMqSettings.User}");
        }
        catch (StartupException e)
        {
            mistake(RabbitMqSettings.Password + "_FILE", settings[RabbitMqSettings.Password + "_FILE"]!, e.Message);
        }
    }

    private void RequireCaFile()
    {
        if (settings[RabbitMqSettings.CaFile] is not { } path)
            return;
        try
        {
            foreach (var certificate in Pem.ParseCertificates(File.ReadAllText(path)))
                certificate.Dispose();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or PkiException)
        {
            mistake(RabbitMqSettings.CaFile, path, $"it has to be a readable PEM file with root certificates ({e.Message})");
        }
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
