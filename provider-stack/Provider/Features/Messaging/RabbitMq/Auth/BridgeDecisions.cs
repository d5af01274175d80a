using System.Text.RegularExpressions;
using IoTPlatform.Contracts;
using IoTPlatform.Provider.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Messaging.RabbitMq.Auth;

/// <summary>
/// What a bridge may do, for a RabbitMQ that asks: the same <see cref="BridgeAccess"/> and the same expressions as its own
/// permissions, and the one rule that those can't say: the client id carries the tenant's prefix.
/// </summary>
internal sealed class BridgeDecisions(IDbContextFactory<ProviderDb> contexts)
{
    private const string BridgeSuffix = "-mqtt-bridge";
    private static readonly TimeSpan MatchTimeout = TimeSpan.FromMilliseconds(100);

    /// <summary>Whether the answers here count for this login. Any other login is left to the broker's own permissions.</summary>
    public static bool IsBridge(string username) => username.EndsWith(BridgeSuffix, StringComparison.Ordinal);

    /// <param name="username">Login of the connection.</param>
    /// <param name="vhost">Where it wants to.</param>
    /// <param name="clientId">MQTT client id; null: another protocol, and a bridge speaks MQTT only.</param>
    /// <param name="cancellationToken">Ends the look-up.</param>
    public async Task<bool> MayEnterAsync(string username, string vhost, string? clientId, CancellationToken cancellationToken)
    {
        if (Find(username, vhost) is not { } access || clientId is null || clientId.Length <= access.ClientIdPrefix.Length || !clientId.StartsWith(access.ClientIdPrefix, StringComparison.Ordinal))
            return false;
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Tenants.AsNoTracking().SingleOrDefaultAsync(t => t.TenantId == vhost, cancellationToken) is { } tenant && !TenantBroker.Desired(tenant).Suspended;
    }

    /// <param name="username">Login of the connection.</param>
    /// <param name="vhost">Of the connection.</param>
    /// <param name="name">Of a queue or an exchange.</param>
    /// <param name="permission"><c>configure</c>, <c>write</c> or <c>read</c>.</param>
    public static bool MayUse(string username, string vhost, string name, string permission)
    {
        if (Find(username, vhost) is not { } access)
            return false;
        var rights = BridgeRights.Permission(access);
        return permission switch
        {
            "configure" => Matches(rights.Configure, name),
            "write" => Matches(rights.Write, name),
            "read" => Matches(rights.Read, name),
            _ => false,
        };
    }

    /// <param name="username">Login of the connection.</param>
    /// <param name="vhost">Of the connection.</param>
    /// <param name="exchange">Topic exchange.</param>
    /// <param name="permission"><c>write</c> or <c>read</c>.</param>
    /// <param name="routingKey">Topic, with dots between its levels.</param>
    public static bool MayTopic(string username, string vhost, string exchange, string permission, string routingKey)
    {
        if (Find(username, vhost) is not { } access || exchange != BridgeRights.Exchange)
            return false;
        var topics = BridgeRights.Topics(access);
        return permission switch
        {
            "write" => Matches(topics.Write, routingKey),
            "read" => Matches(topics.Read, routingKey),
            _ => false,
        };
    }

    private static BrokerTenant? Find(string username, string vhost) =>
        TenantId.IsValid(vhost) && BridgeAccess.For(vhost) is { } access && access.Login == username ? access : null;

    private static bool Matches(string expression, string text) =>
        !text.Contains('\n') && Regex.IsMatch(text, expression, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking, MatchTimeout);
}
