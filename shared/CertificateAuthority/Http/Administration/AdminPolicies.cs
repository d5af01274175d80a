using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Provisioners;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.CertificateAuthority.Administration;

/// <summary>/admin/policy, and a provisioner's: a policy that would leave one of the administrators concerned without certificates is refused.</summary>
internal sealed class AdminPolicies(AuthorityPolicies authority, ProvisionerChanges changes, ProvisionerRegistry registry)
{
    private const string What = "policy";
    private const string NoPolicy = "authority policy does not exist";
    private const string NoPolicyOfProvisioner = "provisioner policy does not exist";

    public Task ShowAsync(HttpContext context, AdminCaller caller) =>
        AdminEdge.AnswerAsync(context, 200, LinkedPolicy.Write(JsonElement.Parse((registry.PolicyRow ?? throw AdminException.NotFound(NoPolicy)).Policy)));

    public async Task AddAsync(HttpContext context, AdminCaller caller)
    {
        if (registry.PolicyRow is not null)
        {
            throw AdminException.Conflict("authority already has a policy");
        }

        await AdminEdge.AnswerAsync(context, 201, await SaveAsync(context, caller, replaces: 0));
    }

    public async Task ChangeAsync(HttpContext context, AdminCaller caller) =>
        await AdminEdge.AnswerAsync(context, 200, await SaveAsync(context, caller, (registry.PolicyRow ?? throw AdminException.NotFound(NoPolicy)).Version));

    public async Task RemoveAsync(HttpContext context, AdminCaller caller)
    {
        await authority.SaveAsync(policy: null, (registry.PolicyRow ?? throw AdminException.NotFound(NoPolicy)).Version, caller.By, context.RequestAborted);
        await AdminEdge.AnswerAsync(context, 200, AdminRequest.Ok);
    }

    public Task ShowOfProvisionerAsync(HttpContext context, AdminCaller caller) => AdminEdge.AnswerAsync(context, 200, LinkedPolicy.Write(Require(context).Policy ?? throw AdminException.NotFound(NoPolicyOfProvisioner)));

    public async Task AddToProvisionerAsync(HttpContext context, AdminCaller caller)
    {
        var (stored, policy) = Require(context);
        if (policy is not null)
        {
            throw AdminException.Conflict($"provisioner {stored.Name} already has a policy");
        }

        await AdminEdge.AnswerAsync(context, 201, await SaveAsync(context, caller, stored));
    }

    public async Task ChangeOfProvisionerAsync(HttpContext context, AdminCaller caller)
    {
        var (stored, policy) = Require(context);
        await AdminEdge.AnswerAsync(context, 200, policy is null ? throw AdminException.NotFound(NoPolicyOfProvisioner) : await SaveAsync(context, caller, stored));
    }

    public async Task RemoveFromProvisionerAsync(HttpContext context, AdminCaller caller)
    {
        var (stored, policy) = Require(context);
        if (policy is null)
        {
            throw AdminException.NotFound(NoPolicyOfProvisioner);
        }

        await changes.SavePolicyAsync(stored, policy: null, caller.Change(stored.Row.Version), context.RequestAborted);
        await AdminEdge.AnswerAsync(context, 200, AdminRequest.Ok);
    }

    private async Task<JsonObject> SaveAsync(HttpContext context, AdminCaller caller, long replaces)
    {
        var policy = LinkedPolicy.Read(await AdminRequest.ReadAsync(context, What)).ToJsonString();
        await authority.SaveAsync(policy, replaces, caller.By, context.RequestAborted);
        return LinkedPolicy.Write(JsonElement.Parse(policy));
    }

    private async Task<JsonObject> SaveAsync(HttpContext context, AdminCaller caller, StoredProvisioner stored)
    {
        var policy = LinkedPolicy.Read(await AdminRequest.ReadAsync(context, What));
        var changed = await changes.SavePolicyAsync(stored, policy, caller.Change(stored.Row.Version), context.RequestAborted);
        return LinkedPolicy.Write(ProvisionerDefinition.Parse(changed.Row.Definition)["policy"]!.Value);
    }

    private (StoredProvisioner Stored, JsonElement? Policy) Require(HttpContext context)
    {
        var stored = changes.Require(context.Route("name"));
        return (stored, ProvisionerDefinition.Parse(stored.Row.Definition)["policy"]);
    }
}
