using IoTPlatform.CertificateAuthority;
using IoTPlatform.Hosting;
using IoTPlatform.Identity.Portal;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace IoTPlatform.Portal.Pages;

/// <summary>The certificates that the page's filter shows, all of them, as a file. A long one ends with its session or its role.</summary>
internal static class CertificateDownload
{
    public const string Path = PortalShell.Root + "/certificates/export";

    public static void Map(IEndpointRouteBuilder app) => app.MapGet(Path, WriteAsync).RequireAuthorization(PortalAccess.Policy).WithMetadata(new PortalProblemPage()).ExcludeFromDescription();

    private static async Task WriteAsync(
        HttpContext context, IAuthorizationService authorization, IPortalAccess access, CertificateInventory inventory, TimeProvider time, CancellationToken cancellationToken,
        string? format = null, string? text = null, string? name = null, string? profile = null, string? state = null, string? issuer = null, string? provisioner = null, long? endpoint = null,
        [FromQuery(Name = "ends_from")] string? from = null, [FromQuery(Name = "ends_until")] string? until = null)
    {
        if (!(await authorization.AuthorizeAsync(context.User, CertificateInventory.Policy)).Succeeded)
        {
            throw new ProblemException(StatusCodes.Status403Forbidden, "forbidden", "Your role does not see certificates.");
        }

        await CertificateExport.WriteAsync(
            context, inventory, CertificateWords.Query(text, profile, state, issuer, provisioner, endpoint, time.GetUtcNow(), from, until) with { Name = name?.Trim() }, format ?? "csv",
            async stop => await access.RefreshAsync(context.User, stop) is { } now && (await authorization.AuthorizeAsync(now, CertificateInventory.Policy)).Succeeded,
            cancellationToken);
    }
}
