using IoTPlatform.Hosting;


namespace IoTPlatform.Tenant.Features.Uplink;

internal static class RevokedSubCaEndpoints
{
    /// <summary>Relays the provider's list. Anonymous: it is signed and no secret, and a device needs it before it shows its token.</summary>
    public static void MapRevokedSubCas(this IEndpointRouteBuilder app) => app.MapGet("/crl/sub-cas", GetAsync).AllowAnonymous();

    private static async Task<IResult> GetAsync(RevokedSubCaUpkeep lists, TimeProvider time, CancellationToken cancellationToken) =>
        await lists.FindAsync(time.GetUtcNow(), cancellationToken) is { } list
            ? TypedResults.Bytes(list.Der.ToArray(), "application/pkix-crl")
            : throw new ProblemException(
                StatusCodes.Status503ServiceUnavailable, "dependency_unavailable", "The provider, who signs the list of revoked Sub-CAs, cannot be reached.", TimeSpan.FromSeconds(30));
}
