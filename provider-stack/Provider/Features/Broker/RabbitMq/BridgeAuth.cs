using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Broker.RabbitMq.Amqp;
using IoTPlatform.Provider.Features.Broker.RabbitMq.Api;
using IoTPlatform.RabbitMq;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Broker.RabbitMq;

/// <summary>
/// What a bridge may do, for the RabbitMQ that asks: <see cref="BridgeAccess"/> in its words (<see cref="BridgeRights"/>), and the one rule that its
/// own permissions could not say: the client id carries the tenant's prefix. It has no permissions of bridges, so this is the only way in.
/// </summary>
internal sealed class BridgeAuth(IDbContextFactory<ProviderDb> contexts, BrokerQuestions questions) : IRabbitMqAuth
{
    private const string BridgeSuffix = "-mqtt-bridge";

    /// <summary>
    /// Asked after the broker has verified the certificate; never with a password, because a bridge has none. Yes only says whose rules
    /// count; any other login is left to the broker's own permissions.
    /// </summary>
    public async ValueTask<bool> MayLogInAsync(string username, bool withPassword, CancellationToken cancellationToken)
    {
        if (username == AmqpAccount.Name)
        {
            await questions.NoteAsync(cancellationToken);
        }

        return !withPassword && username.EndsWith(BridgeSuffix, StringComparison.Ordinal);
    }

    /// <summary>A bridge speaks MQTT only.</summary>
    public async ValueTask<bool> MayEnterAsync(string username, string vhost, string? clientId, CancellationToken cancellationToken)
    {
        if (Find(username, vhost) is not { } access || clientId is null || clientId.Length <= access.ClientIdPrefix.Length || !clientId.StartsWith(access.ClientIdPrefix, StringComparison.Ordinal))
        {
            return false;
        }

        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Tenants.AsNoTracking().SingleOrDefaultAsync(t => t.TenantId == vhost, cancellationToken) is { } tenant && !TenantBroker.IsSuspended(tenant);
    }

    public bool MayUse(string username, string vhost, string resource, string name, string permission) =>
        Find(username, vhost) is { } access && BridgeRights.MayUse(access, resource, name, permission);

    public bool MayTopic(string username, string vhost, string exchange, string permission, string routingKey) =>
        Find(username, vhost) is { } access && exchange == BridgeRights.Exchange && BridgeRights.MayTopic(access, permission, routingKey);

    private static BrokerTenant? Find(string username, string vhost) =>
        TenantId.IsValid(vhost) && BridgeAccess.For(vhost) is { } access && access.Login == username ? access : null;
}

/// <summary>Ends the connections of bridges whose certificate was revoked. RabbitMQ does not report a connection's certificate, so one with a valid certificate is closed too and reconnects.</summary>
internal sealed class RevokedBridges(RabbitMqApi api) : IRevocationWatcher
{
    public async Task RevokedAsync(IReadOnlyList<RevokedCertificate> certificates, CancellationToken cancellationToken)
    {
        foreach (var login in certificates.Where(c => c.Profile == Profiles.MqttBridge.Name).Select(c => c.Subject).Distinct(StringComparer.Ordinal))
        {
            await api.CloseConnectionsAsync(login, "certificate revoked", cancellationToken);
        }
    }
}
