using Bunit;
using IoTPlatform.Database;
using IoTPlatform.Portal.Live;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor;
using MudBlazor.Services;
using Npgsql;

namespace IoTPlatform.Portal.Tests;

/// <summary>What pages of a portal stand on, without a browser.</summary>
internal static class LivePages
{
    /// <summary>The last that is added: a dialog is shown from then on.</summary>
    public static IRenderedComponent<MudDialogProvider> Add(BunitContext context, TestSession session, string role, NpgsqlDataSource database)
    {
        context.JSInterop.Mode = JSRuntimeMode.Loose;
        session.AddTo(context.Services, role);
        // In place of bUnit's, which throws.
        context.Services.AddSingleton<IAuthorizationService, DefaultAuthorizationService>();
        context.Services.AddMudServices();
        context.Services.AddSingleton(new AuditPulse(new AuditLog(database), session.Time));
        context.Services.AddSingleton(new ReloadTurns(session.Time, perSecond: 100));
        context.Services.AddSingleton<TabVisibility>();
        context.Render<MudPopoverProvider>();
        return context.Render<MudDialogProvider>();
    }
}
