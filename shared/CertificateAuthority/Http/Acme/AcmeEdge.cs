using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Hosting;
using IoTPlatform.Jose;
using IoTPlatform.Pki;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>What every answer has (RFC 8555 6.5, 7.1), and the one place where anything thrown becomes a problem document.</summary>
internal sealed partial class AcmeEdge(ProvisionerRegistry provisioners, AcmeNonces nonces, ILogger<AcmeEdge> log)
{
    private const string NonceHeader = "Replay-Nonce";

    public RequestDelegate Wrap(Func<HttpContext, Task> handler) => async context =>
    {
        try
        {
            await AnnounceAsync(context, Choose(context));
            await handler(context);
        }
        catch (Exception e) when (ClientAbort.Is(context, e))
        {
            context.Abort();
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            await RefuseAsync(context, e);
        }
    };

    public static async Task WriteAsync<T>(HttpResponse response, int status, T body, JsonTypeInfo<T> type, string contentType = "application/json")
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(body, type);
        response.StatusCode = status;
        response.ContentType = contentType;
        response.ContentLength = json.Length;
        await response.Body.WriteAsync(json, response.HttpContext.RequestAborted);
    }

    /// <summary>Whose server it is that the request reached.</summary>
    private AcmeProvisioner Choose(HttpContext context)
    {
        var provisioner = provisioners.Find((string)context.Request.RouteValues["provisioner"]!) as AcmeProvisioner ?? throw AcmeException.NotFound("There is no ACME server of this name.");
        context.Features.Set(provisioner);
        return provisioner;
    }

    private async Task AnnounceAsync(HttpContext context, AcmeProvisioner provisioner)
    {
        var headers = context.Response.Headers;
        headers.CacheControl = "no-store";
        headers[NonceHeader] = await nonces.NewAsync(context.RequestAborted);
        headers.Append("Link", $"<{AcmeLinks.Of(context, provisioner.Name).Directory}>;rel=\"index\"");
    }

    private async Task RefuseAsync(HttpContext context, Exception error)
    {
        error = error as AcmeException ?? error as ProblemException ?? DatabaseOutage.Of(error) ?? error;
        var refusal = Translate(error);
        if (refusal.Status >= 500 && error is not ProblemException)
        {
            Failed(error, context.Request.Path.ToUriComponent(), context.TraceIdentifier);
        }
        else
        {
            Refused(context.Request.Path.ToUriComponent(), refusal.Status, refusal.Problem.Type[AcmeProblem.Namespace.Length..]);
        }

        if (refusal.Problem.Type == AcmeProblem.Namespace + "userActionRequired" && context.Features.Get<AcmeProvisioner>() is { TermsOfService: { } terms })
        {
            // RFC 8555 7.3.3.
            context.Response.Headers.Append("Link", $"<{terms}>;rel=\"terms-of-service\"");
        }

        if (refusal.Problem.Type == AcmeProblem.Namespace + "badNonce")
        {
            // The one that was announced may be sealed with the same key that is none any more.
            context.Response.Headers[NonceHeader] = await nonces.NewAsync(context.RequestAborted);
        }

        if (refusal.RetryAfter is { } wait)
        {
            context.Response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        await WriteAsync(context.Response, refusal.Status, refusal.Problem with { Status = refusal.Status }, AcmeJson.Default.AcmeProblem, "application/problem+json");
    }

    private static AcmeException Translate(Exception error) => error switch
    {
        AcmeException e => e,
        StepCaException { Status: 413 } e => AcmeException.Of("malformed", "The request is too large.", 413, e),
        StepCaException { Status: < 500 } e => AcmeException.Malformed(e.Answer, e),
        JoseException e => AcmeException.Malformed(e.Message, e),
        PkiException e => AcmeException.BadCsr(e.Message, e),
        ProblemException { Status: 429 } e => AcmeException.RateLimited(e.Message, e.RetryAfter),
        ProblemException { Code: "name_reserved" or "name_not_allowed" or "not_in_inventory" } e => AcmeException.RejectedIdentifier(e.Message, e),
        ProblemException { Code: "webhook_refused" } e => AcmeException.Of("unauthorized", e.Message, StatusCodes.Status403Forbidden, e),
        ProblemException { Status: < 500 } e => AcmeException.BadCsr(e.Message, e),
        ProblemException e => new AcmeException(new AcmeProblem(AcmeProblem.Namespace + "serverInternal", e.Message), e.Status, e) { RetryAfter = e.RetryAfter },
        BadHttpRequestException e => AcmeException.Of("malformed", "The request can't be read.", e.StatusCode, e),
        _ => AcmeException.Of("serverInternal", "Something failed here; the server's log says what.", 500, error),
    };

    [LoggerMessage(Level = LogLevel.Information, Message = "{Path} refused with {Status}: {Type}")]
    private partial void Refused(string path, int status, string type);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Path} failed, trace {TraceId}")]
    private partial void Failed(Exception exception, string path, string traceId);
}
