using IoTPlatform.CertificateAuthority;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Tenant.Features.FirstBoot;

namespace IoTPlatform.Tenant.Features.Bridge;

/// <summary>The provider's list of revoked Sub-CAs, kept for devices and operators: the newest this tenant has seen, signed by its Intermediate CA.</summary>
internal sealed class RevokedSubCaFile(DataFolder folder, Authority authority)
{
    private string Path => folder.Combine("certs", "revoked-sub-cas.crl");

    /// <summary>Null when there is none, or nothing usable.</summary>
    public RevokedSubCas? TryLoad()
    {
        try
        {
            var list = RevokedSubCas.Parse(File.ReadAllBytes(Path));
            return list.IsSignedBy(Intermediate) ? list : null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or PkiException)
        {
            return null;
        }
    }

    /// <summary>False for a list that is not newer. Throws for a list with a foreign signature.</summary>
    public bool Offer(RevokedSubCas list)
    {
        if (!list.IsSignedBy(Intermediate))
        {
            throw new InvalidOperationException("The list of revoked Sub-CAs is not signed by the Intermediate CA.");
        }

        if (TryLoad() is { } known && known.Number >= list.Number)
        {
            return false;
        }

        JoinFiles.Write(Path, list.Der.Span, AtomicFile.Public);
        return true;
    }

    /// <summary>The Sub-CA that this tenant issues with is in it.</summary>
    public bool ListsThisTenant(RevokedSubCas list) => list.Contains(ParsedCertificate.Parse(authority.Chain.Issuer.RawData));

    // The tenant's chain is Sub-CA, Intermediate CA, root.
    private ParsedCertificate Intermediate => ParsedCertificate.Parse(authority.Chain.Certificates[^2].RawData);
}

internal static class RevokedSubCaEndpoints
{
    /// <summary>Relays the provider's list. Anonymous: it is signed and no secret, and a device needs it before it shows its token.</summary>
    public static void MapRevokedSubCas(this IEndpointRouteBuilder app) => app.MapGet("/crl/sub-cas", GetAsync).AllowAnonymous();

    private static async Task<IResult> GetAsync(RevokedSubCaRefresh lists, TimeProvider time, CancellationToken cancellationToken) =>
        await lists.FindAsync(time.GetUtcNow(), cancellationToken) is { } list
            ? TypedResults.Bytes(list.Der.ToArray(), "application/pkix-crl")
            : throw new ProblemException(
                StatusCodes.Status503ServiceUnavailable, "dependency_unavailable", "The provider, who signs the list of revoked Sub-CAs, cannot be reached.", TimeSpan.FromSeconds(30));
}
