using System.Globalization;
using System.Text.Json;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.CertificateAuthority;

/// <summary>Certificates as a file, CSV or a JSON object a line: read and written page by page, so that neither this host nor a transaction holds them all.</summary>
public static class CertificateExport
{
    private const string Header = "serial,serial_hex,subject,sans,issuer,profile,provisioner,requester,not_before,not_after,revoked_at,reason_code\r\n";

    internal static Task AnswerAsync(HttpContext context, CertificateInventory inventory, [AsParameters] CertificateParameters filter, CancellationToken cancellationToken, string format = "csv") =>
        WriteAsync(context, inventory, filter.Query(), format, _ => Task.FromResult(true), cancellationToken);

    /// <summary>Throws 400 <c>bad_format</c>, and as <see cref="CertificateInventory.ListAsync"/>.</summary>
    /// <param name="context">Is answered.</param>
    /// <param name="inventory">Has them.</param>
    /// <param name="query">Which; all of its pages.</param>
    /// <param name="format"><c>csv</c> or <c>json</c>.</param>
    /// <param name="mayGoOn">Asked before each page but the first; false breaks it off, so that no browser takes the part for the whole.</param>
    /// <param name="cancellationToken">Breaks it off.</param>
    public static async Task WriteAsync(
        HttpContext context, CertificateInventory inventory, CertificateQuery query, string format, Func<CancellationToken, Task<bool>> mayGoOn, CancellationToken cancellationToken)
    {
        if (format is not ("csv" or "json"))
        {
            throw new ProblemException(400, "bad_format", "The format is neither csv nor json.");
        }

        query = query with { Limit = CertificateQuery.MaxLimit };
        // A problem is answered as one as long as nothing is written.
        var page = await inventory.ListAsync(query, cancellationToken);
        context.Response.ContentType = format == "json" ? "application/x-ndjson; charset=utf-8" : "text/csv; charset=utf-8";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"certificates.{(format == "json" ? "ndjson" : "csv")}\"";
        if (format == "csv")
        {
            await context.Response.WriteAsync(Header, cancellationToken);
        }

        while (true)
        {
            foreach (var certificate in page.Items)
            {
                await context.Response.WriteAsync(
                    format == "json" ? JsonSerializer.Serialize(certificate, ContractsJson.Default.CertificateSummary) + "\n" : Csv(certificate), cancellationToken);
            }

            if (page.NextCursor is not { } next)
            {
                return;
            }

            if (!await mayGoOn(cancellationToken))
            {
                context.Abort();
                return;
            }

            page = await inventory.ListAsync(query with { Cursor = long.Parse(next, CultureInfo.InvariantCulture) }, cancellationToken);
        }
    }

    /// <summary>RFC 4180. A spreadsheet takes what begins with one of these for a formula.</summary>
    internal static string Csv(CertificateSummary certificate) => string.Join(',', new[]
    {
        certificate.Serial, certificate.SerialHex ?? "", certificate.Subject, string.Join(' ', certificate.Sans), certificate.Issuer, certificate.Profile, certificate.Provisioner, certificate.Requester,
        Time(certificate.NotBefore), Time(certificate.NotAfter), certificate.RevokedAt is { } at ? Time(at) : "", certificate.ReasonCode?.ToString(CultureInfo.InvariantCulture) ?? "",
    }.Select(field => $"\"{(field.Length > 0 && field[0] is '=' or '+' or '-' or '@' or '\t' or '\r' ? "'" : "")}{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"")) + "\r\n";

    private static string Time(DateTimeOffset time) => time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
