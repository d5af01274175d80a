using IoTPlatform.Contracts.Join;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Features.Rotation;
using IoTPlatform.Provider.Features.Workflow;
using IoTPlatform.Provider.Startup;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace IoTPlatform.Provider.Features.Join;

internal static class JoinEndpoint
{
    public const string KeyHeader = "X-Join-Key";

    /// <summary>Anonymous at the door: the JOIN key is the credential.</summary>
    public static void MapJoin(this IEndpointRouteBuilder app) => app.MapPost("/portal/admin/join", JoinAsync).AllowAnonymous();

    private static async Task<Ok<JoinBundle>> JoinAsync(
        [FromHeader(Name = KeyHeader)] string? joinKey, JoinRequest request, HttpContext context,
        JoinKeyGate gate, JoinBinder binder, WorkflowClient workflows, JoinBundles bundles, SubCaKeys subCaKeys, ProviderOptions options, CancellationToken cancellationToken)
    {
        var caller = ClientAddress.Of(context);
        var key = await gate.AdmitAsync(joinKey, caller, cancellationToken);
        context.Know("tenant " + key.TenantId);
        var submission = JoinSubmission.Decode(request, key.TenantId, options.PlatformDomain);
        await subCaKeys.ThrowIfRevokedAsync(submission.SubCa, cancellationToken);
        await binder.BindKeyAsync(key, submission, caller, cancellationToken);
        await workflows.AdvanceAsync(key.TenantId, cancellationToken);
        return TypedResults.Ok(await bundles.RequireAsync(key.TenantId, submission.SubCa.SubjectPublicKeyInfoSha256, cancellationToken));
    }
}
