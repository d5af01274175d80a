using IoTPlatform.Database;
using IoTPlatform.Identity.Oidc;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Features.Broker.RabbitMq;
using IoTPlatform.RabbitMq;

namespace IoTPlatform.Provider.Features.Names;

/// <summary>
/// The one list of every name that the provider is reached by, reaches or certifies. It feeds the certificates of the provider and its broker,
/// the name constraints of the tenants' Sub-CAs, and what a tenant's own domains may not overlap.
/// </summary>
internal static class NameRegistry
{
    /// <summary>Of the provider's HTTPS certificate; always includes the addresses given to tenants, and that of the embedded broker.</summary>
    public static IReadOnlyList<string> Service(ProviderOptions options) => Distinct([.. options.Names, Host(options.PublicUrl), .. options.RabbitMq is null ? new[] { Host(options.RabbitmqMqttUrl) } : []]);

    /// <summary>Of the broker's certificate: what a bundle promises is always among them.</summary>
    public static IReadOnlyList<string> Broker(ProviderOptions options) =>
        Distinct([.. options.RabbitMq?.Names ?? [], Host(options.RabbitmqMqttUrl), Host(options.RabbitmqUrl)]);

    /// <summary>All that a Sub-CA must not certify. Loopback names identify no host and are left out.</summary>
    public static IReadOnlyList<RegisteredName> Served(ProviderOptions options) =>
    [
        .. All(options).Where(entry => ServerName.IsValid(entry.Name) && !ServerName.IsLoopback(entry.Name)).DistinctBy(entry => entry.Name, StringComparer.Ordinal),
    ];

    /// <summary>What Sub-CAs signed from now on exclude: the names in use, and those that shall be used once every Sub-CA excludes them.</summary>
    public static IReadOnlyList<string> Excluded(ProviderOptions options) => Distinct([.. Served(options).Select(entry => entry.Name), .. options.ReservedNames]);

    private static IEnumerable<RegisteredName> All(ProviderOptions options)
    {
        foreach (var name in options.Names)
        {
            yield return new(name, ProviderSettings.Names);
        }

        yield return new(Host(options.PublicUrl), ProviderSettings.PublicUrl);
        yield return new(Host(options.RabbitmqUrl), ProviderSettings.RabbitmqUrl);
        yield return new(Host(options.RabbitmqMqttUrl), ProviderSettings.RabbitmqMqttUrl);
        yield return new(Host(options.DiscoveryUrl), ProviderSettings.DiscoveryUrl);
        if (options.RabbitMq is { } broker)
        {
            foreach (var name in broker.Names)
            {
                yield return new(name, RabbitMqSettings.Names);
            }

            yield return new(Host(broker.Management.Url), RabbitMqManagementSettings.Url);
            yield return new(Host(broker.AmqpUrl), RabbitMqSettings.AmqpUrl);
        }

        if (options.Oidc is { } oidc)
        {
            yield return new(Host(new Uri(oidc.Issuer)), OidcSettings.Issuer);
            yield return new(Host(oidc.Reached), OidcSettings.BackChannel);
        }

        foreach (var host in DatabaseSetting.Hosts(options.Database))
        {
            yield return new(host, DatabaseSetting.Name);
        }
    }

    private static IReadOnlyList<string> Distinct(IEnumerable<string> names) => [.. names.Distinct(StringComparer.Ordinal)];

    /// <summary>The options reader has taken only URLs whose host is a <see cref="ServerName"/>.</summary>
    private static string Host(Uri url) => ServerName.TryParse(url.DnsSafeHost, out var name, out _) ? name : url.DnsSafeHost;
}

/// <summary>A name the provider is reached by, reaches or certifies, and the setting it comes from.</summary>
internal sealed record RegisteredName(string Name, string Setting);

/// <summary>A tenant whose live Sub-CA could sign a certificate for a name of the provider.</summary>
internal sealed record SubCaGap(RegisteredName Name, string Tenant, string Serial, DateTimeOffset ValidUntil);
