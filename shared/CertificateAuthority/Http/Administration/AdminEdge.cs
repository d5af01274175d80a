using System.Globalization;
using System.Text.Json.Nodes;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.CertificateAuthority.Administration;

/// <summary>The edge of the administration API: who calls is known before a handler runs, and anything thrown becomes step-ca's <c>{"type","detail","message"}</c>.</summary>
internal sealed class AdminEdge(AdminTokens tokens, ILogger<AdminEdge> log)
{
    public RequestDelegate Wrap(Func<HttpContext, AdminCaller, Task> handler) => async context =>
    {
        try
        {
            await handler(context, await tokens.AuthorizeAsync(context));
        }
        catch (Exception e) when (ClientAbort.Is(context, e))
        {
            context.Abort();
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            await AnswerAsync(context, e as AdminException ?? e as ProblemException ?? DatabaseOutage.Of(e) ?? e);
        }
    };

    public static Task AnswerAsync(HttpContext context, int status, JsonObject json) => StepCaJson.WriteAsync(context.Response, status, StepCaJson.Build(writer =>
    {
        foreach (var (name, value) in json)
        {
            writer.WritePropertyName(name);
            if (value is null)
            {
                writer.WriteNullValue();
            }
            else
            {
                value.WriteTo(writer);
            }
        }
    }));

    private Task AnswerAsync(HttpContext context, Exception error)
    {
        var answer = AdminException.Of(error);
        var path = context.Request.Path.ToUriComponent();
        if (answer.Status >= 500 && error is not ProblemException)
        {
            StepCaLog.Failed(log, path, context.TraceIdentifier, error);
        }
        else
        {
            StepCaLog.Refused(log, path, answer.Status, context.Connection.RemoteIpAddress, string.Concat(answer.Message.Select(c => char.IsControl(c) ? '?' : c)));
        }

        if (error is ProblemException { RetryAfter: { } retryAfter })
        {
            context.Response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(retryAfter.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        }

        return AnswerAsync(context, answer.Status, new JsonObject { ["type"] = answer.Type, ["detail"] = answer.Detail, ["message"] = answer.Answer });
    }
}
