using System.Net;
using IoTPlatform.CertificateAuthority.Outbound;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Webhooks;

/// <summary>Where webhooks may be, by the operator's word: an administrator of provisioners or of event webhooks has none in it.</summary>
public sealed record WebhookOptions
{
    public const string NetworksSetting = "IOT_WEBHOOK_NETWORKS";
    public const string HostsSetting = "IOT_WEBHOOK_HOSTS";

    /// <summary>Before a domain: every name below it.</summary>
    private const string Below = "*.";

    public static IReadOnlyList<string> Settings { get; } = [NetworksSetting, HostsSetting];

    /// <summary>Reached beside every unicast address that is neither this machine's loopback nor link-local, where cloud machines find their secrets.</summary>
    public IReadOnlyList<IPNetwork> Networks { get; init; } = [];

    /// <summary>Names and addresses in the form of <see cref="ServerName"/>, or <c>*.domain</c>; empty: every host.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    public static WebhookOptions Read(SettingsReader settings) => new() { Networks = ReachableAddresses.ReadAlso(settings, NetworksSetting), Hosts = HostsOf(settings) };

    /// <summary>What the name means is judged when it is connected to, beside this.</summary>
    /// <param name="host"><see cref="Uri.IdnHost"/>.</param>
    public bool HasHost(string host) => Hosts.Count == 0
        || (ServerName.TryParse(host, out var name, out _) && Hosts.Any(allowed => allowed.StartsWith(Below, StringComparison.Ordinal) ? IsBelow(name, allowed[Below.Length..]) : name == allowed));

    /// <summary>For administrators.</summary>
    public static string Refusal(string host) => $"{host} is none of the hosts that webhooks may be at here ({HostsSetting})";

    private static bool IsBelow(string name, string domain) => name != domain && ServerName.IsWithin(name, domain);

    private static IReadOnlyList<string> HostsOf(SettingsReader settings)
    {
        var hosts = new List<string>();
        foreach (var text in settings.List(HostsSetting))
        {
            var isBelow = text.StartsWith(Below, StringComparison.Ordinal);
            if (!ServerName.TryParse(isBelow ? text[Below.Length..] : text, out var name, out var why))
            {
                settings.Invalid(HostsSetting, text, why);
            }
            else if (isBelow && !ServerName.IsDnsName(name))
            {
                settings.Invalid(HostsSetting, text, "an address has no names below it");
            }
            else
            {
                hosts.Add(isBelow ? Below + name : name);
            }
        }

        // A list of nothing must not allow everything.
        if (hosts.Count == 0 && settings[HostsSetting] is { } given && settings.List(HostsSetting).Count == 0)
        {
            settings.Invalid(HostsSetting, given, "it names no host");
        }

        return hosts;
    }
}
