using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.RabbitMq.Amqp;

/// <summary>Where a stack speaks AMQP with its RabbitMQ.</summary>
public static class AmqpSettings
{
    public const string Url = "IOT_RABBITMQ_AMQP_URL";

    /// <summary>Scheme amqps, or where that may be amqp to loopback; host and port, <c>amqps://127.0.0.1:5671</c> by default.</summary>
    /// <param name="settings">Gets what is wrong with it.</param>
    /// <param name="schemes">Which may be.</param>
    public static Uri Read(SettingsReader settings, params string[] schemes)
    {
        var url = settings.Url(Url, schemes) ?? new Uri("amqps://127.0.0.1:5671");
        if (url.AbsolutePath is not ("" or "/"))
        {
            settings.Invalid(Url, url.OriginalString, "it must be an amqps URL of a host and a port, without a virtual host");
        }
        else if (url.Scheme == "amqp" && !ServerName.IsLoopback(url.DnsSafeHost))
        {
            settings.Invalid(Url, url.OriginalString, "amqp would send a password in the clear; only loopback may have it");
        }

        return url;
    }
}
