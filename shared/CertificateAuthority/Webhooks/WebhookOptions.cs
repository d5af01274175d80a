using System.Net;
using IoTPlatform.CertificateAuthority.Outbound;
using IoTPlatform.Hosting;

namespace IoTPlatform.CertificateAuthority.Webhooks;

/// <summary>Whom webhooks may be, by the operator's word: an administrator of provisioners has none in it.</summary>
public static class WebhookOptions
{
    public const string NetworksSetting = "IOT_WEBHOOK_NETWORKS";

    public static IReadOnlyList<string> Settings { get; } = [NetworksSetting];

    /// <summary>Reached beside every unicast address that is neither this machine's loopback nor link-local, where cloud machines find their secrets.</summary>
    public static IReadOnlyList<IPNetwork> Read(SettingsReader settings) => ReachableAddresses.ReadAlso(settings, NetworksSetting);
}
