using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Federation;
using IoTPlatform.Provider.Features.Broker;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Join;

/// <summary>Puts a joined tenant's bundle together from what the steps made. All of it or nothing, and only what is served.</summary>
internal sealed class JoinBundles(ProviderDb db, Authority authority, FederationSecrets secrets, IFederationProvisioner federation, ProviderOptions options)
{
    /// <summary>Throws 503 when the workflow has been started anew since, 401 when it has ended.</summary>
    public async Task<JoinBundle> RequireAsync(string tenantId, byte[] subCaKeySha256, CancellationToken cancellationToken)
    {
        var current = await (
            from tenant in db.Tenants.AsNoTracking()
            where tenant.TenantId == tenantId
            join row in db.Joins.AsNoTracking() on tenant.WorkflowId equals row.JoinId
            where row.SubCaKeySha256 == subCaKeySha256
            select new { tenant.Status, Join = row }).SingleOrDefaultAsync(cancellationToken) ?? throw JoinKeyAuthenticator.Refusal();
        return current.Status switch
        {
            TenantStatus.Joined => await ComposeAsync(current.Join, cancellationToken),
            TenantStatus.Joining => throw new ProblemException(
                StatusCodes.Status503ServiceUnavailable, "dependency_unavailable", "The JOIN is still running. Ask again.", TimeSpan.FromSeconds(1)),
            _ => throw JoinKeyAuthenticator.Refusal(),
        };
    }

    /// <summary>Where a tenant's bridge logs in.</summary>
    public static BridgeLogin LoginOf(string tenantId, ProviderOptions options) => new()
    {
        // The embedded broker speaks no AMQP.
        RabbitmqUrl = options.RabbitMq is null ? null : options.RabbitmqUrl.AbsoluteUri,
        RabbitmqMqttUrl = options.RabbitmqMqttUrl.AbsoluteUri,
        RabbitmqVhost = tenantId,
        RabbitmqUser = MqttBridgeName.For(tenantId),
    };

    public async Task<JoinBundle> ComposeAsync(JoinRow join, CancellationToken cancellationToken)
    {
        var login = LoginOf(join.TenantId, options);
        return new()
        {
            TenantId = join.TenantId,
            Status = "joined",
            PlatformDomain = options.PlatformDomain,
            SignedCert = await PemAsync(join.SubCaSerial, cancellationToken),
            RootCaCert = Pem.Certificate(authority.Chain.Root.RawData),
            CaChain = join.CaChain ?? throw Incomplete(join),
            RabbitmqUrl = login.RabbitmqUrl,
            RabbitmqMqttUrl = login.RabbitmqMqttUrl,
            RabbitmqVhost = login.RabbitmqVhost,
            RabbitmqUser = login.RabbitmqUser,
            MqttBridgeCert = await PemAsync(join.BridgeSerial, cancellationToken),
            CdmIdpClientId = FederationClient.IdOf(join.TenantId),
            CdmIdpClientSecret = await secrets.OfJoinAsync(join.TenantId, join.JoinId, cancellationToken) ?? throw Incomplete(join),
            CdmDiscoveryUrl = federation.DiscoveryUrl.AbsoluteUri,
        };
    }

    private async Task<string> PemAsync(byte[]? serial, CancellationToken cancellationToken) =>
        serial is not null && await authority.FindAsync(serial, cancellationToken) is { } record
            ? Pem.Certificate(record.Der)
            : throw new InvalidOperationException("A completed join lacks a certificate.");

    private static InvalidOperationException Incomplete(JoinRow join) => new($"Join {join.JoinId} is recorded as complete but is not.");
}
