using System.Buffers.Text;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Acme;
using IoTPlatform.CertificateAuthority.Provisioners;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.CertificateAuthority.Administration;

/// <summary>/admin/acme/eab: keys for external account binding (RFC 8555 7.3.4) of an ACME provisioner that requires them.</summary>
internal sealed class AdminExternalAccounts(ProvisionerRegistry registry, ExternalAccountKeys keys, AdministratorStore administrators)
{
    /// <summary>All, or the one with the reference in the address.</summary>
    public async Task ListAsync(HttpContext context, AdminCaller caller)
    {
        var reference = context.Route("id");
        var found = (await keys.ListAsync(Require(context), context.RequestAborted)).Where(key => reference.Length == 0 || key.Reference == reference);
        var (items, next) = AdminRequest.PageOf(context, found, key => key.Id);
        var list = items.Select(key =>
            (JsonNode)new JsonObject { ["id"] = key.Id, ["provisioner"] = key.Provisioner }.With("reference", key.Reference).With("account", key.Account)
                .With("created_at", LinkedWriting.TimeInList(key.CreatedAt)).With("bound_at", key.BoundAt is { } bound ? LinkedWriting.TimeInList(bound) : null));
        await AdminEdge.AnswerAsync(context, 200, new JsonObject { ["eaks"] = new JsonArray([.. list]), ["nextCursor"] = next });
    }

    public async Task AddAsync(HttpContext context, AdminCaller caller)
    {
        var json = await AdminRequest.ReadAsync(context, "external account key");
        var reference = json.Text("reference");
        json.RequireEmpty();
        var added = await keys.AddAsync(await RequireMayChangeAsync(context, caller), reference, caller.By, context.RequestAborted);
        context.Response.Headers.CacheControl = "no-store";
        await AdminEdge.AnswerAsync(
            context, 201,
            new JsonObject { ["id"] = added.Id, ["provisioner"] = added.Provisioner }.With("reference", added.Reference).With("hmacKey", Convert.ToBase64String(Base64Url.DecodeFromChars(added.HmacKey))));
    }

    public async Task RemoveAsync(HttpContext context, AdminCaller caller)
    {
        if (!await keys.RemoveAsync(await RequireMayChangeAsync(context, caller), context.Route("id"), caller.By, context.RequestAborted))
        {
            throw AdminException.NotFound("ACME External Account Key not found");
        }

        await AdminEdge.AnswerAsync(context, 200, AdminRequest.Ok);
    }

    /// <summary>Whoever has an account there may become what its names make.</summary>
    public async Task<string> RequireMayChangeAsync(HttpContext context, AdminCaller caller)
    {
        var name = Require(context);
        return caller.Administrator.IsSuper || !(await administrators.ListAsync(context.RequestAborted)).Any(one => one.IsSuper && one.Provisioner == name) ? name
            : throw ProvisionerStore.SuperAdminRequired(name);
    }

    /// <summary>A setting of the host is the host's, keys included.</summary>
    public string Require(HttpContext context)
    {
        var name = context.Route("name");
        return registry.Find(name) is not { } found ? throw ProvisionerChanges.NotFound(name)
            : registry.OfHost.Any(one => one.Name == name) ? throw ProvisionerChanges.BuiltIn(name)
            : found is AcmeProvisioner { RequiresExternalAccount: true } ? name
            : throw AdminException.BadRequest($"ACME EAB not enabled for provisioner {name}");
    }
}
