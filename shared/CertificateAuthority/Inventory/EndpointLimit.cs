using IoTPlatform.Hosting;

namespace IoTPlatform.CertificateAuthority.Inventory;

/// <summary>How many certificates that are good an endpoint has before that is an event.</summary>
public static class EndpointLimit
{
    public const string Setting = "IOT_ENDPOINT_CERTIFICATES";

    /// <summary>One in use, one that renewed it, and one of a client that asked twice.</summary>
    public const int Default = 3;

    private const int Most = 1000;
    private const string Unlimited = "unlimited";

    /// <summary>Null: however many.</summary>
    public static int? Read(SettingsReader settings)
    {
        if (settings[Setting] is Unlimited)
        {
            return null;
        }

        return settings.Number(Setting, Most, $"it must be 1 to {Most}, or {Unlimited}") ?? Default;
    }
}
