using System.Net;
using IoTPlatform.Hosting;

namespace IoTPlatform.CertificateAuthority.Webhooks;

/// <summary>Whom webhooks may be, by the operator's word: an administrator of provisioners has none in it.</summary>
public static class WebhookOptions
{
    public const string NetworksSetting = "IOT_WEBHOOK_NETWORKS";

    public static IReadOnlyList<string> Settings { get; } = [NetworksSetting];

    /// <summary>Reached beside every unicast address that is neither this machine's loopback nor link-local, where cloud machines find their secrets.</summary>
    public static IReadOnlyList<IPNetwork> Read(SettingsReader settings)
    {
        var networks = new List<IPNetwork>();
        foreach (var text in settings.List(NetworksSetting))
        {
            if (IPNetwork.TryParse(text, out var network))
            {
                networks.Add(network);
            }
            else
            {
                settings.Invalid(NetworksSetting, text, "it is no network such as 127.0.0.0/8");
            }
        }

        return networks;
    }
}
