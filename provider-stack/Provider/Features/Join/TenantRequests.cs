using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.Provider.Features.Join;

/// <summary>
/// What a tenant's CSRs may be. The certified names are always ours; a CSR that asks for different ones is refused rather than
/// silently given others, because its maker believes something that is not so.
/// </summary>
internal static class TenantRequests
{
    public static CertificateSigningRequest SubCa(string pem, string tenantId)
    {
        var csr = Parse(pem, "sub_ca_csr");
        if (csr.Names.AllSans.Any())
            throw Refuse("sub_ca_csr", "a Sub-CA has no subject alternative names");
        RequireCommonName(csr, "sub_ca_csr", SubCaName.For, tenantId);
        return csr;
    }

    public static CertificateSigningRequest Bridge(string pem, string tenantId, string platformDomain)
    {
        var csr = Parse(pem, "mqtt_bridge_csr");
        var names = TenantNames.Bridge(tenantId, platformDomain);
        if (csr.RequestsCa)
            throw Refuse("mqtt_bridge_csr", "it asks for a CA certificate");
        if (csr.Names.AllSans.Except(names.AllSans, StringComparer.Ordinal).Any())
            throw Refuse("mqtt_bridge_csr", $"it may name nothing but {names.Uris[0]}");
        RequireCommonName(csr, "mqtt_bridge_csr", MqttBridgeName.For, tenantId);
        return csr;
    }

    public static void RequireDifferentKeys(CertificateSigningRequest subCa, CertificateSigningRequest bridge)
    {
        if (subCa.SubjectPublicKeyInfoSha256.AsSpan().SequenceEqual(bridge.SubjectPublicKeyInfoSha256))
            throw new ProblemException(StatusCodes.Status400BadRequest, "csr_key_reused", "Sub-CA and MQTT bridge need a key each.");
    }

    private static CertificateSigningRequest Parse(string? pem, string field)
    {
        if (string.IsNullOrWhiteSpace(pem))
            throw Refuse(field, "it is missing");
        CertificateSigningRequest csr;
        try
        {
            csr = CertificateSigningRequest.ParsePem(pem);
        }
        catch (PkiException e)
        {
            throw Refuse(field, e.Message, e);
        }

        return csr.Key == KeyKind.P256 ? csr : throw Refuse(field, "its key must be P-256");
    }

    // A stack that was only given a key doesn't know its tenant id yet, so its CSRs may leave the CN out or call it just "tenant".
    private static void RequireCommonName(CertificateSigningRequest csr, string field, Func<string, string> nameOf, string tenantId)
    {
        if (csr.Names.CommonName is { Length: > 0 } name && name != nameOf(tenantId) && name != nameOf("tenant"))
            throw Refuse(field, $"its CN must be absent or {nameOf(tenantId)}");
    }

    private static ProblemException Refuse(string field, string why, Exception? inner = null) =>
        new(StatusCodes.Status400BadRequest, "csr_refused", $"{field}: {why.TrimEnd('.')}.", inner: inner);
}
