using System.Security.Claims;
using System.Text;
using IoTPlatform.CertificateAuthority.Inventories;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace IoTPlatform.CertificateAuthority;

/// <summary>Tables that provisioners look credentials up in. Their data may be what templates are not shown for: administrators alone see it.</summary>
internal static class InventoryEndpoints
{
    private const string Csv = "text/csv";

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>GET /portal/inventories (Viewer), POST and DELETE {name}, GET and DELETE {name}/entries (Admin).</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        var inventories = app.MapGroup("/portal/inventories");
        inventories.MapGet("", ListAsync).RequireAuthorization(Policies.Viewer);
        inventories.MapPost("{name}", ImportAsync).RequireAuthorization(Policies.Admin).Accepts<InventoryEntryView[]>("application/json", Csv).WithMetadata(new RequestSizeLimitAttribute(InventoryFile.MaxBytes));
        inventories.MapDelete("{name}", RemoveAsync).RequireAuthorization(Policies.Admin);
        inventories.MapGet("{name}/entries", EntriesAsync).RequireAuthorization(Policies.Admin);
        inventories.MapDelete("{name}/entries", RemoveEntryAsync).RequireAuthorization(Policies.Admin);
    }

    private static async Task<Ok<InventoryList>> ListAsync(CredentialInventories inventories, CancellationToken cancellationToken) =>
        TypedResults.Ok(new InventoryList { Items = await inventories.ListAsync(cancellationToken) });

    /// <summary>A body in JSON, or by its content type in CSV.</summary>
    private static async Task<Ok<InventoryChange>> ImportAsync(string name, CredentialInventories inventories, ClaimsPrincipal user, HttpContext context, CancellationToken cancellationToken, bool replace = false)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, cancellationToken);
        var bytes = body.GetBuffer().AsMemory(0, (int)body.Length);
        var entries = context.Request.ContentType?.StartsWith(Csv, StringComparison.OrdinalIgnoreCase) == true ? InventoryFile.ReadCsv(Text(bytes)) : InventoryFile.ReadJson(bytes);
        return TypedResults.Ok(await inventories.ImportAsync(name, entries, replace, By(user), cancellationToken));
    }

    private static async Task<NoContent> RemoveAsync(string name, CredentialInventories inventories, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        await inventories.RemoveAsync(name, By(user), cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<Page<InventoryEntryView>>> EntriesAsync(
        string name, CredentialInventories inventories, CancellationToken cancellationToken, string? key = null, string? cursor = null, int limit = 50)
    {
        if (limit is < 1 or > CredentialInventories.MaxPage)
        {
            throw new ProblemException(400, "bad_limit", $"The limit is 1 to {CredentialInventories.MaxPage}.");
        }

        var found = await inventories.EntriesAsync(name, cursor, key, limit + 1, cancellationToken);
        return TypedResults.Ok(found.Count > limit
            ? new Page<InventoryEntryView> { Items = [.. found.Take(limit)], NextCursor = found[limit - 1].Key }
            : new Page<InventoryEntryView> { Items = found });
    }

    private static async Task<NoContent> RemoveEntryAsync(string name, string key, CredentialInventories inventories, ClaimsPrincipal user, CancellationToken cancellationToken) =>
        await inventories.RemoveEntryAsync(name, key, By(user), cancellationToken)
            ? TypedResults.NoContent()
            : throw new ProblemException(404, "no_such_entry", $"The inventory {name} has no entry {key}.");

    private static string Text(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            return Strict.GetString(bytes.Span);
        }
        catch (DecoderFallbackException e)
        {
            throw InventoryEntry.Refused("The file is no UTF-8.", e);
        }
    }

    private static string By(ClaimsPrincipal user) => user.Identity?.Name ?? "admin";
}
