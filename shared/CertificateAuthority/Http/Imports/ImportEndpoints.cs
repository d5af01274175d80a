using System.Security.Claims;
using System.Text.Json;
using IoTPlatform.CertificateAuthority.Administration;
using IoTPlatform.Contracts.Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace IoTPlatform.CertificateAuthority;

/// <summary>What <c>iot ca import</c> sends of another authority, beside its provisioners.</summary>
internal static class ImportEndpoints
{
    private const int MaxIssuer = 512 * 1024;
    private const int MaxDefinition = 256 * 1024;

    /// <summary>GET and POST /portal/imports/issuers, POST /portal/imports/certificates, acme-accounts, provisioner-definition and policy-definition (all Admin).</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        var imports = app.MapGroup("/portal/imports").RequireAuthorization(AuthorityImports.Policy);
        imports.MapGet("issuers", List);
        imports.MapPost("issuers", AddIssuerAsync).WithMetadata(new RequestSizeLimitAttribute(MaxIssuer));
        imports.MapPost("certificates", AddCertificatesAsync).WithMetadata(new RequestSizeLimitAttribute(AuthorityImports.MaxBytes));
        imports.MapPost("acme-accounts", AddAcmeAccountsAsync).WithMetadata(new RequestSizeLimitAttribute(AcmeAccountImports.MaxBytes)).RequireAuthorization(AcmeAccountImports.Policy);
        imports.MapPost("provisioner-definition", Provisioner).WithMetadata(new RequestSizeLimitAttribute(MaxDefinition));
        imports.MapPost("policy-definition", Policy).WithMetadata(new RequestSizeLimitAttribute(MaxDefinition));
    }

    private static Ok<ImportedIssuerList> List(AuthorityImports imports) => TypedResults.Ok(imports.List());

    private static async Task<Ok<ImportedIssuerView>> AddIssuerAsync(ImportIssuerRequest request, AuthorityImports imports, ClaimsPrincipal user, CancellationToken cancellationToken) =>
        TypedResults.Ok(await imports.AddIssuerAsync(request, By(user), cancellationToken));

    private static async Task<Ok<ImportResult>> AddCertificatesAsync(ImportCertificatesRequest request, AuthorityImports imports, ClaimsPrincipal user, CancellationToken cancellationToken) =>
        TypedResults.Ok(await imports.AddCertificatesAsync(request, By(user), cancellationToken));

    private static async Task<Ok<AcmeAccountImportResult>> AddAcmeAccountsAsync(ImportAcmeAccountsRequest request, AcmeAccountImports imports, ClaimsPrincipal user, CancellationToken cancellationToken) =>
        TypedResults.Ok(await imports.AddAsync(request, By(user), cancellationToken));

    private static Ok<JsonElement> Provisioner(JsonElement linked) => TypedResults.Ok(LinkedTranslation.Provisioner(linked));

    private static Ok<JsonElement> Policy(JsonElement linked) => TypedResults.Ok(LinkedTranslation.Policy(linked));

    private static string By(ClaimsPrincipal user) => user.Identity?.Name ?? "admin";
}
