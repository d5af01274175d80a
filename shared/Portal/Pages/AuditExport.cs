using System.Globalization;
using System.Text.Json;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Audit;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Identity.Portal;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace IoTPlatform.Portal.Pages;

/// <summary>The audit log as a file: what the page's filter shows, all of it, read and written page by page.</summary>
internal static class AuditExport
{
    public const string Path = PortalShell.Root + "/audit/export";

    public static void Map(IEndpointRouteBuilder app) => app.MapGet(Path, WriteAsync).RequireAuthorization(PortalAccess.Policy).WithMetadata(new PortalProblemPage()).ExcludeFromDescription();

    private static async Task WriteAsync(
        HttpContext context, IAuthorizationService authorization, IPortalAccess access, AuditReading audit, CancellationToken cancellationToken,
        string? format = null, string? action = null, string? actor = null, string? subject = null, string? since = null, string? until = null)
    {
        if (!(await authorization.AuthorizeAsync(context.User, AuditReading.Policy)).Succeeded)
        {
            throw new ProblemException(StatusCodes.Status403Forbidden, "forbidden", "Your role does not see the audit log.");
        }

        var isJson = format == "json";
        var query = AuditWords.Query(action, actor, subject, since, until, cursor: null) with { Limit = AuditQuery.MaxLimit };
        var page = await audit.ListAsync(query, cancellationToken);
        context.Response.ContentType = isJson ? "application/x-ndjson; charset=utf-8" : "text/csv; charset=utf-8";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"audit.{(isJson ? "ndjson" : "csv")}\"";
        if (!isJson)
        {
            await context.Response.WriteAsync("sequence,at,actor,action,subject,details,hash\r\n", cancellationToken);
        }

        while (page.Count > 0)
        {
            foreach (var entry in page)
            {
                await context.Response.WriteAsync(isJson ? JsonSerializer.Serialize(entry, ContractsJson.Default.AuditEntryView) + "\n" : Csv(entry), cancellationToken);
            }

            page = page.Count < AuditQuery.MaxLimit ? [] : await audit.ListAsync(query with { Cursor = page[^1].Sequence }, cancellationToken);
            if (page.Count > 0 && (await access.RefreshAsync(context.User, cancellationToken) is not { } now || !(await authorization.AuthorizeAsync(now, AuditReading.Policy)).Succeeded))
            {
                // A long export ends with its session or its role. Broken off, so that the browser does not take the part for the whole.
                context.Abort();
                return;
            }
        }
    }

    /// <summary>RFC 4180. A spreadsheet takes what begins with one of these for a formula.</summary>
    internal static string Csv(AuditEntryView entry) => string.Join(',', new[]
    {
        entry.Sequence.ToString(CultureInfo.InvariantCulture), entry.At.ToString("O", CultureInfo.InvariantCulture), entry.Actor, entry.Action, entry.Subject, entry.Details, entry.Hash,
    }.Select(field => $"\"{(field.Length > 0 && field[0] is '=' or '+' or '-' or '@' or '\t' or '\r' ? "'" : "")}{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"")) + "\r\n";
}
