using IoTPlatform.CertificateAuthority;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Join;
using IoTPlatform.Provider.Features.Broker;

namespace IoTPlatform.Provider.Features.Certificates;

/// <summary>What the provider orders from its CA for a tenant. The idempotency key names the occasion and the key, so an occasion can't yield two certificates.</summary>
internal sealed class CertificateOrders(ProviderOptions options, TenantPlans plans)
{
    private const string Provisioner = "join";

    public IssueRequest SubCa(TenantRow tenant, JoinRow join) =>
        SubCa(tenant, Stored(join.SubCaCsr, join.SubCaKeySha256)) with
        {
            Requester = JoinLineage.Of(join.JoinId),
            Lineage = JoinLineage.Of(join.JoinId),
            IdempotencyKey = $"join:{join.JoinId:N}:sub-ca:{Convert.ToHexStringLower(join.SubCaKeySha256)}",
        };

    public IssueRequest RotatedSubCa(TenantRow tenant, CertificateSigningRequest csr) =>
        SubCa(tenant, csr) with
        {
            Requester = "tenant:" + tenant.TenantId,
            Lineage = JoinLineage.Of(tenant.WorkflowId ?? throw new InvalidOperationException($"Tenant {tenant.TenantId} has no join.")),
            Quota = new IssuanceQuota { AnswersWithTheFreshOne = false, TenantPerHour = plans.CertificatesPerHourOf(tenant.Plan) },
            Budgets = plans.BudgetsOf(tenant.TenantId, tenant.Plan),
            IdempotencyKey = $"rotate:{tenant.WorkflowId:N}:sub-ca:{Convert.ToHexStringLower(csr.SubjectPublicKeyInfoSha256)}",
        };

    public IssueRequest Bridge(TenantRow tenant, JoinRow join) => new()
    {
        Profile = Profiles.MqttBridge,
        Csr = Stored(join.BridgeCsr, join.BridgeKeySha256),
        Names = TenantNames.Bridge(tenant.TenantId, options.PlatformDomain),
        Provisioner = Provisioner,
        Tenant = tenant.TenantId,
        Requester = JoinLineage.Of(join.JoinId),
        Lineage = JoinLineage.Of(join.JoinId),
        // A JOIN may change its bridge key until it is confirmed. No budget of the month: a tenant that is prepared again has what the former one used up.
        Quota = new IssuanceQuota { AnswersWithTheFreshOne = false, TenantPerHour = plans.CertificatesPerHourOf(tenant.Plan) },
        IdempotencyKey = $"join:{join.JoinId:N}:bridge:{Convert.ToHexStringLower(join.BridgeKeySha256)}",
    };

    /// <summary>For the key of a bridge certificate that has expired, in its lineage.</summary>
    public IssueRequest ReissuedBridge(TenantRow tenant, string? lineage, CertificateSigningRequest csr) => new()
    {
        Profile = Profiles.MqttBridge,
        Csr = csr,
        Names = TenantNames.Bridge(tenant.TenantId, options.PlatformDomain),
        Provisioner = Provisioner,
        Tenant = tenant.TenantId,
        Requester = "tenant:" + tenant.TenantId,
        Lineage = lineage,
        // No budget of the month: without it the tenant's way to the provider stays shut.
        Quota = new IssuanceQuota { TenantPerHour = plans.CertificatesPerHourOf(tenant.Plan) },
    };

    // The JOIN is bound to the key; its request was verified before it was stored.
    private static CertificateSigningRequest Stored(byte[] request, byte[] keySha256)
    {
        var csr = CertificateSigningRequest.FromStore(request);
        return csr.SubjectPublicKeyInfoSha256.AsSpan().SequenceEqual(keySha256)
            ? csr
            : throw new InvalidOperationException("The stored request is not for the key that the JOIN is bound to.");
    }

    private IssueRequest SubCa(TenantRow tenant, CertificateSigningRequest csr) => new()
    {
        Profile = Profiles.TenantSubCa,
        Csr = csr,
        Names = TenantNames.SubCa(tenant.TenantId),
        NameConstraints = TenantNames.Constraints(tenant.TenantId, tenant.DnsDomains, options),
        Provisioner = Provisioner,
        Tenant = tenant.TenantId,
        Requester = "tenant:" + tenant.TenantId,
    };
}
