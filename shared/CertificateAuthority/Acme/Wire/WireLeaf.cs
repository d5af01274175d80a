using System.Text.Json;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.CertificateAuthority.Templates;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>What certificates of Wire clients have beside their names, and what templates may use: <c>.Oidc</c> and <c>.Dpop</c>.</summary>
internal static class WireLeaf
{
    private static readonly LeafTemplate Usual = LeafTemplate.Of(JsonElement.Parse("""
        {"template": "{\"subject\": {{ toJson .Subject }}, \"sans\": {{ toJson .SANs }}, \"keyUsage\": [\"digitalSignature\"], \"extKeyUsage\": [\"clientAuth\"]}"}
        """))!;

    /// <summary>Null: the order is for others.</summary>
    public static VouchedContents? Of(AcmeOrder order)
    {
        if (order.Authorizations.FirstOrDefault(authorization => authorization.Identifier.Type == WireIdentity.User) is not { } user)
        {
            return null;
        }

        var claims = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var authorization in order.Authorizations.Where(authorization => authorization.Claims is not null))
        {
            claims[authorization.Identifier.Type == WireIdentity.User ? "Oidc" : "Dpop"] = JsonElement.Parse(authorization.Claims!);
        }

        return new VouchedContents(WireIdentity.Parse(user.Identifier).Domain, claims, Usual);
    }
}
