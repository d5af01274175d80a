using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.RabbitMq;

/// <summary>How a host reaches the management API of its RabbitMQ. A class, not a record: a password is nothing to print.</summary>
public sealed class RabbitMqManagementOptions
{
    /// <summary>https, or http to loopback; ends with a slash.</summary>
    public required Uri Url { get; init; }

    public required string User { get; init; }

    public required string Password { get; init; }

    /// <summary>PEM file of the roots the broker's certificate may come from; null: the platform's own root.</summary>
    public string? CaFile { get; init; }
}

/// <summary>Settings of the management API, the same at the provider's RabbitMQ and at a tenant's.</summary>
public static class RabbitMqManagementSettings
{
    public const string Url = "IOT_RABBITMQ_MANAGEMENT_URL";
    public const string User = "IOT_RABBITMQ_USER";
    public const string Password = "IOT_RABBITMQ_PASSWORD";
    public const string CaFile = "IOT_RABBITMQ_CA_FILE";

    public static IReadOnlyList<string> All { get; } = [Url, User, Password, CaFile];
}

/// <summary>Reads the settings of a management API. Every mistake is told to <paramref name="mistake"/>: setting, value, what is wrong with it.</summary>
public sealed class RabbitMqManagementReader(PlatformOptions settings, Action<string, string, string> mistake)
{
    /// <summary>Null: there is no URL, or there are mistakes.</summary>
    public RabbitMqManagementOptions? Read(string defaultUser)
    {
        if (settings[RabbitMqManagementSettings.Url] is not { } text)
        {
            return null;
        }

        var url = Url(text);
        var password = Password();
        return RootsAreReadable() && url is not null && password is not null
            ? new RabbitMqManagementOptions
            {
                Url = url,
                User = settings.Get(RabbitMqManagementSettings.User, defaultUser),
                Password = password,
                CaFile = settings[RabbitMqManagementSettings.CaFile],
            }
            : null;
    }

    private Uri? Url(string text)
    {
        if (!ServiceUrl.TryParse(text, ["https", "http"], out var read, out var why))
        {
            mistake(RabbitMqManagementSettings.Url, text, why);
        }
        else if (read.Url.Scheme == Uri.UriSchemeHttp && !read.Url.IsLoopback)
        {
            mistake(RabbitMqManagementSettings.Url, text, "http would send the password in the clear; only loopback may have it");
        }
        else
        {
            return read.Url.AbsolutePath.EndsWith('/') ? read.Url : new Uri(read.Url.AbsoluteUri + "/");
        }

        return null;
    }

    private string? Password()
    {
        const string File = RabbitMqManagementSettings.Password + "_FILE";
        try
        {
            if (settings.Secret(RabbitMqManagementSettings.Password) is { } password)
            {
                return password;
            }

            mistake(File, "", $"it must name a file with the password of {RabbitMqManagementSettings.User}");
        }
        catch (StartupException e)
        {
            mistake(File, settings[File]!, e.Message);
        }

        return null;
    }

    private bool RootsAreReadable()
    {
        if (settings[RabbitMqManagementSettings.CaFile] is not { } path)
        {
            return true;
        }

        try
        {
            foreach (var certificate in Pem.ParseCertificates(File.ReadAllText(path)))
            {
                certificate.Dispose();
            }

            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or PkiException)
        {
            mistake(RabbitMqManagementSettings.CaFile, path, $"it has to be a readable PEM file with root certificates ({e.Message})");
            return false;
        }
    }
}
