namespace IoTPlatform.Provider.Features.RevocationList;

internal static class RevokedSubCaEndpoints
{
    public static IServiceCollection AddRevokedSubCas(this IServiceCollection services) => services.AddSingleton<RevokedSubCaList>();

    /// <summary>Anonymous: it is signed and no secret, and a client needs it before it can have a login.</summary>
    public static void MapRevokedSubCas(this IEndpointRouteBuilder app) => app.MapGet("/crl/sub-cas", GetAsync).AllowAnonymous();

    private static async Task<IResult> GetAsync(RevokedSubCaList list, CancellationToken cancellationToken) =>
        TypedResults.Bytes((await list.GetAsync(cancellationToken)).Der.ToArray(), "application/pkix-crl");
}
