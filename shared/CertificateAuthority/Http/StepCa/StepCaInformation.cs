using System.Text;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Pki;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.CertificateAuthority;

/// <summary>The public, unauthenticated part: health, version, roots, provisioners.</summary>
internal sealed class StepCaInformation(Authority authority, ProvisionerRegistry provisioners)
{
    /// <summary>The version of step-ca whose API is spoken here: clients choose their features by it.</summary>
    public const string ApiVersion = "0.19.0";

    private static readonly byte[] Healthy = StepCaJson.Build(j => j.WriteString("status", "ok"));
    private static readonly byte[] Version = StepCaJson.Build(j => j.WriteString("version", ApiVersion));

    public Task HealthAsync(HttpContext context) => StepCaJson.WriteAsync(context.Response, 200, Healthy);

    public Task VersionAsync(HttpContext context) => StepCaJson.WriteAsync(context.Response, 200, Version);

    public Task RootsAsync(HttpContext context) => StepCaJson.WriteAsync(context.Response, 201, StepCaJson.Build(j =>
    {
        j.WriteStartArray("crts");
        foreach (var root in authority.Active.RootPems)
        {
            j.WriteStringValue(root);
        }

        j.WriteEndArray();
    }));

    /// <summary>What is saved as the trust in the platform's servers, among them no root upstream's, and none of an issuer beside the stack's own.</summary>
    public Task RootsPemAsync(HttpContext context) =>
        StepCaJson.WriteAsync(context.Response, 200, Encoding.ASCII.GetBytes(authority.Active.RootPem), "application/x-pem-file");

    public Task RootAsync(HttpContext context)
    {
        var wanted = Route(context, "fingerprint").Replace("-", "", StringComparison.Ordinal);
        var active = authority.Active;
        var root = string.Equals(wanted, authority.RootFingerprint, StringComparison.OrdinalIgnoreCase)
            ? active.RootPem
            : active.Upstream.FirstOrDefault(upstream => string.Equals(wanted, upstream.RootFingerprint, StringComparison.OrdinalIgnoreCase))?.Sent.RootPem
                ?? active.Own.FirstOrDefault(own => string.Equals(wanted, own.RootFingerprint, StringComparison.OrdinalIgnoreCase))?.Sent.RootPem;
        return root is not null
            ? StepCaJson.WriteAsync(context.Response, 200, StepCaJson.Build(j => j.WriteString("ca", root)))
            : throw StepCaException.NotFound("no root has this fingerprint");
    }

    public Task ProvisionersAsync(HttpContext context)
    {
        var (page, next) = StepCaPage.Of(context, provisioners.All, provisioner => provisioner.Name, reason => StepCaException.BadRequest(reason));
        return StepCaJson.WriteAsync(context.Response, 200, StepCaJson.Build(j =>
        {
            j.WriteStartArray("provisioners");
            foreach (var provisioner in page)
            {
                j.WriteStartObject();
                j.WriteString("type", provisioner.Type);
                j.WriteString("name", provisioner.Name);
                provisioner.Describe(j);
                j.WriteEndObject();
            }

            j.WriteEndArray();
            j.WriteString("nextCursor", next);
        }));
    }

    public Task EncryptedKeyAsync(HttpContext context)
    {
        var kid = Route(context, "kid");
        var escrow = provisioners.All.OfType<IKeyEscrow>().FirstOrDefault(e => string.Equals(e.KeyId, kid, StringComparison.Ordinal))
            ?? throw StepCaException.NotFound("no provisioner has this key");
        return StepCaJson.WriteAsync(context.Response, 200, StepCaJson.Build(j => j.WriteString("key", escrow.EncryptedKey)));
    }

    private static string Route(HttpContext context, string name) => context.Request.RouteValues[name] as string ?? "";
}
