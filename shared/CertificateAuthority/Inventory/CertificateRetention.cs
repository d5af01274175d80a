using IoTPlatform.Hosting;

namespace IoTPlatform.CertificateAuthority.Inventory;

/// <summary>How long certificates are on record after they have ended.</summary>
public static class CertificateRetention
{
    public const string Setting = "IOT_CERTIFICATE_RETENTION";

    private const string Forever = "forever";

    /// <summary>Longer than a device may be away and renew nevertheless.</summary>
    private static readonly TimeSpan Shortest = TimeSpan.FromDays(100);

    public static TimeSpan? Default { get; } = TimeSpan.FromDays(400);

    /// <summary>Null: for ever.</summary>
    public static TimeSpan? Read(SettingsReader settings)
    {
        if (settings[Setting] is Forever)
        {
            return null;
        }

        var retention = settings.Duration(Setting, Default!.Value);
        if (retention < Shortest)
        {
            settings.Invalid(Setting, settings[Setting]!, $"it must be at least {Shortest.TotalDays:0}d, or {Forever}");
        }

        return retention;
    }
}
