using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.CertificateAuthority.Administration;

/// <summary>What the handlers of the administration API read and write alike.</summary>
internal static class AdminRequest
{
    public static JsonObject Ok => new() { ["status"] = "ok" };

    public static string Route(this HttpContext context, string name) => context.Request.RouteValues[name] as string ?? "";

    public static Task<LinkedJson> ReadAsync(HttpContext context, string what) => RequestBody.ParseAsync(context, body => LinkedJson.Parse(body, what));

    public static (IReadOnlyList<T> Items, string NextCursor) PageOf<T>(HttpContext context, IEnumerable<T> all, Func<T, string> key) =>
        StepCaPage.Of(context, all, key, reason => AdminException.BadRequest(reason));
}
