using IoTPlatform.CertificateAuthority;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Features.Join;
using IoTPlatform.Provider.Features.Broker;
using IoTPlatform.Provider.Features.Rotation;

namespace IoTPlatform.Provider.Features.Bridge;

/// <summary>The only renewal of bridge certificates, whichever endpoint is asked. No lock: the ledger refuses a lineage that ends meanwhile.</summary>
internal sealed class BridgeRenewals(Authority authority, BridgeJoins standing, SubCaKeys subCas, TenantPlans plans, ProviderOptions options) : IProfileRenewal
{
    public string Profile => Profiles.MqttBridge.Name;

    public async Task<IssuedCertificate> RenewAsync(OwnedRenewal renewal, CancellationToken cancellationToken)
    {
        var (tenantId, lineage) = (renewal.Record.Tenant, renewal.Record.Lineage);
        var tenant = await standing.RequireRenewableAsync(tenantId, lineage, cancellationToken);
        if (renewal.Csr is { } csr)
        {
            await RequireAsync(csr, tenant.TenantId, cancellationToken);
        }

        return await authority.RenewAsync(
            new CertificateRenewal
            {
                Current = renewal.Current,
                Csr = renewal.Csr,
                BurnToken = renewal.BurnToken,
                Profile = Profiles.MqttBridge,
                Requester = "tenant:" + tenant.TenantId,
                Quota = new IssuanceQuota { TenantPerHour = plans.CertificatesPerHourOf(tenant.Plan) },
                Budgets = plans.BudgetsOf(tenant.TenantId, tenant.Plan),
            },
            cancellationToken);
    }

    private async Task RequireAsync(CertificateSigningRequest csr, string tenantId, CancellationToken cancellationToken)
    {
        TenantRequests.RequireBridge(csr, tenantId, options.PlatformDomain);
        foreach (var subCa in await subCas.ValidAsync(tenantId, cancellationToken))
        {
            if (subCa.AsSpan().SequenceEqual(csr.SubjectPublicKeyInfo.Span))
            {
                throw TenantRequests.KeyReused();
            }
        }
    }
}
