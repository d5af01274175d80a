using MudBlazor;

namespace IoTPlatform.Portal.Components;

/// <summary>Asks before what can't be taken back.</summary>
public static class Confirmation
{
    /// <summary>Null: not confirmed; else the reason that was given, or nothing.</summary>
    /// <param name="dialogs">Of the page.</param>
    /// <param name="title">A question.</param>
    /// <param name="text">What follows from it.</param>
    /// <param name="action">What the button says.</param>
    /// <param name="expected">What has to be typed; null: nothing.</param>
    /// <param name="askReason">For the audit log.</param>
    public static async Task<string?> ConfirmAsync(this IDialogService dialogs, string title, string text, string action, string? expected = null, bool askReason = false)
    {
        var parameters = new DialogParameters<ConfirmDialog>
        {
            { d => d.Title, title },
            { d => d.Text, text },
            { d => d.Action, action },
            { d => d.Expected, expected },
            { d => d.AskReason, askReason },
        };
        var dialog = await dialogs.ShowAsync<ConfirmDialog>(title, parameters, new DialogOptions { MaxWidth = MaxWidth.Small, FullWidth = true, CloseOnEscapeKey = true });
        return await dialog.Result is { Canceled: false } result ? result.Data as string ?? "" : null;
    }
}
