using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Features.Names;

namespace IoTPlatform.Provider.Features.Join;

/// <summary>
/// What a tenant's CSRs may be. The certified names are always ours; a CSR that asks for different ones is refused rather than
/// silently given others, because its maker believes something that is not so.
/// </summary>
internal static class TenantRequests
{
    public const string BridgeField = "mqtt_bridge_csr";
    private const string SubCaField = "sub_ca_csr";

    public static CertificateSigningRequest SubCa(string pem, string tenantId)
    {
        var csr = Parse(pem, SubCaField);
        RequireKey(csr, SubCaField);
        if (csr.Names.AllSans.Any())
        {
            throw Refuse(SubCaField, "a Sub-CA has no subject alternative names");
        }

        RequireCommonName(csr, SubCaField, SubCaName.For, tenantId);
        return csr;
    }

    public static CertificateSigningRequest Bridge(string pem, string tenantId, string platformDomain)
    {
        var csr = Parse(pem, BridgeField);
        RequireBridge(csr, tenantId, platformDomain);
        return csr;
    }

    /// <summary>A request for a bridge certificate names the tenant's bridge, or nothing.</summary>
    public static void RequireBridge(CertificateSigningRequest csr, string tenantId, string platformDomain)
    {
        RequireKey(csr, BridgeField);
        var names = TenantNames.Bridge(tenantId, platformDomain);
        if (csr.RequestsCa)
        {
            throw Refuse(BridgeField, "it asks for a CA certificate");
        }

        if (csr.Names.AllSans.Except(names.AllSans, StringComparer.Ordinal).Any())
        {
            throw Refuse(BridgeField, $"it may name nothing but {names.Uris[0]}");
        }

        RequireCommonName(csr, BridgeField, MqttBridgeName.For, tenantId);
    }

    public static void RequireDifferentKeys(CertificateSigningRequest subCa, CertificateSigningRequest bridge)
    {
        if (subCa.SubjectPublicKeyInfoSha256.AsSpan().SequenceEqual(bridge.SubjectPublicKeyInfoSha256))
        {
            throw KeyReused();
        }
    }

    public static ProblemException KeyReused() => new(StatusCodes.Status400BadRequest, "csr_key_reused", "Sub-CA and MQTT bridge need a key each.");

    public static CertificateSigningRequest Parse(string? pem, string field)
    {
        if (string.IsNullOrWhiteSpace(pem))
        {
            throw Refuse(field, "it is missing");
        }

        try
        {
            return CertificateSigningRequest.ParsePem(pem);
        }
        catch (PkiException e)
        {
            throw Refuse(field, e.Message, e);
        }
    }

    private static void RequireKey(CertificateSigningRequest csr, string field)
    {
        if (csr.Key != KeyKind.P256)
        {
            throw Refuse(field, "its key must be P-256");
        }
    }

    // A stack that was only given a key doesn't know its tenant id yet, so its CSRs may leave the CN out or call it just "tenant".
    private static void RequireCommonName(CertificateSigningRequest csr, string field, Func<string, string> nameOf, string tenantId)
    {
        if (csr.Names.CommonName is { Length: > 0 } name && name != nameOf(tenantId) && name != nameOf("tenant"))
        {
            throw Refuse(field, $"its CN must be absent or {nameOf(tenantId)}");
        }
    }

    private static ProblemException Refuse(string field, string why, Exception? inner = null) =>
        new(StatusCodes.Status400BadRequest, "csr_refused", $"{field}: {why.TrimEnd('.')}.", inner: inner);
}

/// <summary>The names the provider certifies for a tenant.</summary>
internal static class TenantNames
{
    public static SubjectNames SubCa(string tenantId) => new() { CommonName = SubCaName.For(tenantId) };

    public static SubjectNames Bridge(string tenantId, string platformDomain) =>
        new() { CommonName = MqttBridgeName.For(tenantId), Uris = [SpiffeId.Bridge(tenantId, platformDomain)] };

    /// <summary>Of a Sub-CA, whose tenant is hostile: its own trust domain, its own domains where declared, never a name of the provider's.</summary>
    public static NameConstraints Constraints(string tenantId, IEnumerable<string> dnsDomains, ProviderOptions options) =>
        NameConstraints.ForTenant(SpiffeId.TrustDomain(tenantId, options.PlatformDomain), NameRegistry.Excluded(options), dnsDomains);
}
