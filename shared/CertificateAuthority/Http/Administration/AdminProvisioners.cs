using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.CertificateAuthority.Webhooks;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.CertificateAuthority.Administration;

/// <summary>/admin/provisioners: listed, shown, added, changed and removed by every administrator, but for what the host itself needs and what would give or take rights of administrators.</summary>
internal sealed class AdminProvisioners(ProvisionerRegistry registry, ProvisionerChanges changes)
{
    private const string What = "provisioner";

    /// <summary>As ca.json writes them, those of the host among them.</summary>
    public Task ListAsync(HttpContext context, AdminCaller caller)
    {
        var stored = registry.Stored.Select(one => (one.Name, Json: JsonNode.Parse(WebhookSecrets.Shown(one.Row.Definition, withOptions: true).GetRawText())!));
        var ofHost = registry.OfHost.Select(one => (one.Name, Json: (JsonNode)new JsonObject { ["type"] = one.Type, ["name"] = one.Name }));
        var (items, next) = AdminRequest.PageOf(context, stored.Concat(ofHost), item => item.Name);
        return AdminEdge.AnswerAsync(context, 200, new JsonObject { ["provisioners"] = new JsonArray([.. items.Select(item => item.Json)]), ["nextCursor"] = next });
    }

    public Task ShowAsync(HttpContext context, AdminCaller caller) => AdminEdge.AnswerAsync(context, 200, LinkedProvisioner.Write(Require(context).Row));

    public async Task AddAsync(HttpContext context, AdminCaller caller)
    {
        var wanted = LinkedProvisioner.Read(await AdminRequest.ReadAsync(context, What), stored: null, out _);
        if (registry.Stored.Any(one => one.Name == wanted.Name) || changes.IsOfHost(wanted.Name))
        {
            throw AdminException.BadRequest($"provisioner with name {wanted.Name} already exists");
        }

        var added = await changes.SaveAsync(wanted, caller.Change(replaces: 0), context.RequestAborted);
        await AdminEdge.AnswerAsync(context, 201, LinkedProvisioner.Write(added.Row));
    }

    public async Task ChangeAsync(HttpContext context, AdminCaller caller)
    {
        var stored = Require(context);
        var wanted = LinkedProvisioner.Read(await AdminRequest.ReadAsync(context, What), stored.Row.Definition, out var readAt);
        if (wanted.Name != stored.Name)
        {
            throw AdminException.BadRequest("cannot change provisioner name");
        }

        if (!wanted.Type.Equals(stored.Row.Type, StringComparison.OrdinalIgnoreCase))
        {
            throw AdminException.BadRequest("cannot change provisioner type");
        }

        if (readAt is { } at && LinkedWriting.Time(at) != LinkedWriting.Time(stored.Row.Written))
        {
            throw AdminException.Conflict($"provisioner {stored.Name} was changed meanwhile; it differs from yours in: {wanted.DifferencesFrom(stored.Row.Definition)}");
        }

        await SaveAsync(context, caller, stored, wanted);
    }

    public async Task RemoveAsync(HttpContext context, AdminCaller caller)
    {
        await changes.RemoveAsync(Require(context).Name, caller.Change(), context.RequestAborted);
        await AdminEdge.AnswerAsync(context, 200, AdminRequest.Ok);
    }

    private async Task SaveAsync(HttpContext context, AdminCaller caller, StoredProvisioner stored, ProvisionerDefinition wanted)
    {
        var changed = await changes.SaveOfOthersAsync(wanted, caller.Change(stored.Row.Version), context.RequestAborted);
        await AdminEdge.AnswerAsync(context, 200, LinkedProvisioner.Write(changed.Row));
    }

    /// <summary>By the id that is asked for, or the name.</summary>
    private StoredProvisioner Require(HttpContext context) => changes.Require(context.Request.Query["id"].ToString() is { Length: > 0 } id ? id : context.Route("name"));
}
