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

/// <summary>Reads the settings of a management API.</summary>
public static class RabbitMqManagementReader
{
    /// <summary>Null: there is no URL, or it cannot be used.</summary>
    public static RabbitMqManagementOptions? Read(SettingsReader settings, string defaultUser)
    {
        RequireReadableRoots(settings);
        if (settings[RabbitMqManagementSettings.Url] is null)
        {
            return null;
        }

        var password = Password(settings);
        return Url(settings) is not { } url ? null : new RabbitMqManagementOptions
        {
            Url = url,
            User = settings.Get(RabbitMqManagementSettings.User, defaultUser),
            Password = password,
            CaFile = settings[RabbitMqManagementSettings.CaFile],
        };
    }

    private static Uri? Url(SettingsReader settings)
    {
        var url = settings.Url(RabbitMqManagementSettings.Url, Uri.UriSchemeHttps, Uri.UriSchemeHttp);
        if (url is { IsLoopback: false } && url.Scheme == Uri.UriSchemeHttp)
        {
            settings.Invalid(RabbitMqManagementSettings.Url, url.OriginalString, "http would send the password in the clear; only loopback may have it");
        }

        return url is null || url.AbsolutePath.EndsWith('/') ? url : new Uri(url.AbsoluteUri + "/");
    }

    private static string Password(SettingsReader settings)
    {
        const string File = RabbitMqManagementSettings.Password + "_FILE";
        var password = settings.Secret(RabbitMqManagementSettings.Password);
        if (password is null && settings[File] is null)
        {
            settings.Invalid(File, "", $"it must name a file with the password of {RabbitMqManagementSettings.User}");
        }

        return password ?? "";
    }

    private static void RequireReadableRoots(SettingsReader settings)
    {
        if (settings[RabbitMqManagementSettings.CaFile] is not { } path)
        {
            return;
        }

        try
        {
            foreach (var certificate in Pem.ParseCertificates(File.ReadAllText(path)))
            {
                certificate.Dispose();
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or PkiException)
        {
            settings.Invalid(RabbitMqManagementSettings.CaFile, path, $"it has to be a readable PEM file with root certificates ({e.Message})");
        }
    }
}
