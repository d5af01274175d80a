using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Rotation;
using IoTPlatform.Provider.Features.Tenants;
using IoTPlatform.Provider.Features.Workflow;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace IoTPlatform.Provider.Features.Join;

/// <summary>JOIN without a key: the tenant sends a request, an admin decides, the tenant polls. The workflow is the same.</summary>
internal static class JoinRequestEndpoints
{
    private const int LongestReason = 500;

    public static void MapJoinRequests(this IEndpointRouteBuilder app)
    {
        // Anonymous on purpose: asking gives nothing. What may wait for a decision is bounded.
        app.MapPost("/portal/admin/join-request/{tenantId}", AskAsync).AllowAnonymous();
        app.MapPost("/portal/admin/join-request/{tenantId}/approve", ApproveAsync).RequireAuthorization(Policies.Admin);
        app.MapPost("/portal/admin/join-request/{tenantId}/reject", RejectAsync).RequireAuthorization(Policies.Admin);
    }

    private static async Task<Accepted> AskAsync(
        string tenantId, JoinRequest request, HttpContext context, JoinRequests requests, SubCaKeys subCaKeys, ProviderOptions options, CancellationToken cancellationToken)
    {
        TenantIds.RequireNew(tenantId);
        var submission = JoinSubmission.Decode(request, tenantId, options.PlatformDomain);
        await subCaKeys.ThrowIfRevokedAsync(submission.SubCa, cancellationToken);
        await requests.AskAsync(tenantId, submission, ClientAddress.Of(context), cancellationToken);
        return TypedResults.Accepted($"/portal/admin/tenants/{tenantId}/join-status");
    }

    private static async Task<Accepted> ApproveAsync(
        string tenantId, HttpContext context, JoinRequests requests, WorkflowClient workflows, CancellationToken cancellationToken, [FromQuery(Name = "sub_ca_key_sha256")] string? comparedKey = null)
    {
        TenantIds.Require(tenantId);
        await requests.DecideAsync(tenantId, TenantStatus.Joining, reason: null, Caller.Of(context.User), cancellationToken, comparedKey);
        await workflows.WakeAsync(tenantId, cancellationToken);
        return TypedResults.Accepted($"/portal/admin/tenants/{tenantId}");
    }

    private static async Task<NoContent> RejectAsync(
        string tenantId, RejectJoinRequest rejection, HttpContext context, JoinRequests requests, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        if (rejection.Reason is not { } reason || !FreeText.IsValid(reason, LongestReason))
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, "invalid_request", $"reason must have 1 to {LongestReason} characters, and {FreeText.Refused}.");
        }

        await requests.DecideAsync(tenantId, TenantStatus.Rejected, reason, Caller.Of(context.User), cancellationToken);
        return TypedResults.NoContent();
    }
}
