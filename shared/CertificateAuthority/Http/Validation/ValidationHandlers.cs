using System.Globalization;
using System.Security.Cryptography;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace IoTPlatform.CertificateAuthority.Validation;

/// <summary>Each answers in the form of its standard: RFC 5280, 6960 and 5019.</summary>
internal sealed class ValidationHandlers(Authority authority, RevocationLists lists, OcspAnswers ocsp)
{
    private const string RevocationListType = "application/pkix-crl";
    private const string OcspRequestType = "application/ocsp-request";
    private const string OcspResponseType = "application/ocsp-response";

    /// <summary>How long a cache between us and a client may give an answer again: a revocation is seen that much later behind one (RFC 5019 6).</summary>
    private static readonly TimeSpan Cacheable = TimeSpan.FromMinutes(1);

    public async Task<IResult> ListAsync(string issuer, string? shard, CancellationToken cancellationToken)
    {
        byte part = 0;
        if (shard is not null && !(shard.Length == 2 && byte.TryParse(shard, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out part)))
        {
            return Results.NotFound();
        }

        return await lists.FindAsync(issuer, shard is null ? null : part, cancellationToken) is { } list ? Of(list) : Results.NotFound();
    }

    public async Task<IResult> ActiveListAsync(HttpContext context)
    {
        var list = await lists.ActiveAsync(context.RequestAborted);
        return context.Request.Query.ContainsKey("pem") ? Results.Text(PemEncoding.WriteString("X509 CRL", list.Der) + "\n", "application/x-pem-file") : Of(list);
    }

    public IResult Issuer(string issuer)
    {
        var known = authority.Active.Accepted.Concat(authority.Active.Own.Select(own => own.Issuer)).FirstOrDefault(accepted => Convert.ToHexStringLower(accepted.KeyId) == issuer);
        return known is null ? Results.NotFound() : Results.Bytes(known.Certificate.RawData, "application/pkix-cert");
    }

    public async Task<IResult> PostAsync(HttpContext context)
    {
        if (!string.Equals(context.Request.ContentType, OcspRequestType, StringComparison.OrdinalIgnoreCase))
        {
            return Results.StatusCode(StatusCodes.Status415UnsupportedMediaType);
        }

        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var answer = await ocsp.AnswerAsync(body.ToArray(), ClientAddress.Of(context), context.RequestAborted);
        return Results.Bytes(answer.Der, OcspResponseType);
    }

    /// <summary>RFC 6960 A.1: base64 in the path, where a slash may be percent-encoded or not.</summary>
    public async Task<IResult> GetAsync(string request, HttpContext context)
    {
        var text = request.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        var der = new byte[OcspRequest.MaxBytes];
        var answer = Convert.TryFromBase64String(text, der, out var length)
            ? await ocsp.AnswerAsync(der.AsMemory(0, length), ClientAddress.Of(context), context.RequestAborted)
            : OcspAnswer.Error(OcspResponseStatus.MalformedRequest);
        if (answer is not { IsSigned: true, HasNonce: false })
        {
            context.Response.Headers.CacheControl = "no-store";
            return Results.Bytes(answer.Der, OcspResponseType);
        }

        context.Response.Headers.CacheControl = string.Create(CultureInfo.InvariantCulture, $"public, max-age={(int)Cacheable.TotalSeconds}, no-transform, must-revalidate");
        context.Response.Headers.Expires = answer.NextUpdate.ToString("R", CultureInfo.InvariantCulture);
        return Results.Bytes(answer.Der, OcspResponseType, lastModified: answer.ThisUpdate);
    }

    private static IResult Of(RevocationList list) => new NotCached(Results.Bytes(
        list.Der, RevocationListType, enableRangeProcessing: true, lastModified: list.MadeAt, entityTag: new EntityTagHeaderValue(string.Create(CultureInfo.InvariantCulture, $"\"{list.Number}\""))));

    /// <summary>A cache asks us each time whether there is a newer list, and gets none twice.</summary>
    private sealed class NotCached(IResult list) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.Headers.CacheControl = "no-cache";
            return list.ExecuteAsync(httpContext);
        }
    }
}
