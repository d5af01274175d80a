using System.Text.Json;
using IoTPlatform.CertificateAuthority.Acme;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.CertificateAuthority.Administration;

/// <summary>
/// /admin/acme/policy: the policy of the account that an external account key makes, by the key's id or reference. Administrators' certificates are no account's: none is locked out by it.
/// </summary>
internal sealed class AdminAccountPolicies(AdminExternalAccounts keys, AccountPolicies policies)
{
    private const string NoKey = "ACME External Account Key not found";
    private const string NoPolicy = "ACME EAK policy does not exist";

    public async Task ShowAsync(HttpContext context, AdminCaller caller) => await AnswerAsync(context, 200, RequirePolicy(await FindAsync(context, keys.Require(context))));

    public async Task AddAsync(HttpContext context, AdminCaller caller)
    {
        var provisioner = await keys.RequireMayChangeAsync(context, caller);
        var found = await FindAsync(context, provisioner);
        if (found.Policy is not null)
        {
            throw AdminException.Conflict($"ACME EAK {found.KeyId} already has a policy");
        }

        await SaveAsync(context, caller, provisioner, found, status: 201);
    }

    public async Task ChangeAsync(HttpContext context, AdminCaller caller)
    {
        var provisioner = await keys.RequireMayChangeAsync(context, caller);
        await SaveAsync(context, caller, provisioner, RequirePolicy(await FindAsync(context, provisioner)), status: 200);
    }

    public async Task RemoveAsync(HttpContext context, AdminCaller caller)
    {
        var provisioner = await keys.RequireMayChangeAsync(context, caller);
        var found = RequirePolicy(await FindAsync(context, provisioner));
        await policies.SaveAsync(provisioner, found.KeyId, policy: null, found.Version, caller.By, context.RequestAborted);
        await AdminEdge.AnswerAsync(context, 200, AdminRequest.Ok);
    }

    private async Task SaveAsync(HttpContext context, AdminCaller caller, string provisioner, AccountPolicy replaced, int status)
    {
        var policy = LinkedPolicy.Read(await AdminRequest.ReadAsync(context, "policy"));
        await AnswerAsync(context, status, await policies.SaveAsync(provisioner, replaced.KeyId, policy.ToJsonString(), replaced.Version, caller.By, context.RequestAborted));
    }

    private async Task<AccountPolicy> FindAsync(HttpContext context, string provisioner) =>
        (context.Route("reference") is { Length: > 0 } reference
            ? await policies.FindByReferenceAsync(provisioner, reference, context.RequestAborted)
            : await policies.FindAsync(provisioner, context.Route("key"), context.RequestAborted))
        ?? throw AdminException.NotFound(NoKey);

    private static AccountPolicy RequirePolicy(AccountPolicy found) => found.Policy is not null ? found : throw AdminException.NotFound(NoPolicy);

    private static Task AnswerAsync(HttpContext context, int status, AccountPolicy policy) => AdminEdge.AnswerAsync(context, status, LinkedPolicy.Write(JsonElement.Parse(policy.Policy!)));
}
