using System.Text;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Hosting;

namespace IoTPlatform.Tenant.Features.Enrollment.Phone;

/// <summary>
/// A page with which a phone's browser enrols a device: it makes the key and the CSR, spends the token at the endpoint that devices use, and hands certificate and key over
/// as a file. The page is the same for everyone; the token is in the fragment of its address, which no browser sends.
/// </summary>
internal static class PhoneEnrolment
{
    public const string Setting = "IOT_PHONE_ENROLMENT";
    public const string Allow = "allow";
    public const string Refuse = "refuse";
    public const string Path = "/enroll";
    private const string Script = Path + ".js";
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>What the QR code says; null: a token that several devices may use is not put into an address.</summary>
    public static string? AddressOf(CreatedEnrollmentToken token) =>
        token.DeviceId is { } device ? $"{token.TenantUrl.TrimEnd('/')}{Path}#device_id={device}&token={token.Token}" : null;

    public static void MapPhoneEnrolment(this IEndpointRouteBuilder app)
    {
        // Anonymous: what they serve is the same in every installation.
        Serve(app, Path, "phone.html", "text/html; charset=utf-8");
        Serve(app, Script, "phone.js", "text/javascript; charset=utf-8");
    }

    private static void Serve(IEndpointRouteBuilder app, string path, string file, string type)
    {
        using var resource = typeof(PhoneEnrolment).Assembly.GetManifestResourceStream(file) ?? throw new InvalidOperationException($"There is no file {file}.");
        using var reader = new StreamReader(resource, Encoding.UTF8);
        var text = reader.ReadToEnd();
        app.MapGet(path, (HttpContext context) =>
        {
            var headers = context.Response.Headers;
            headers.ContentSecurityPolicy = Policy;
            headers.XFrameOptions = "DENY";
            headers["Referrer-Policy"] = "no-referrer";
            headers.CacheControl = "no-store";
            return TypedResults.Text(text, type);
        }).AllowAnonymous().ExcludeFromDescription();
    }
}
