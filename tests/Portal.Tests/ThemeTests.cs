using Bunit;
using IoTPlatform.Portal.Assets;
using MudBlazor;
using MudBlazor.Services;

namespace IoTPlatform.Portal.Tests;

public sealed class ThemeTests
{
    private static readonly string File = Path.Combine(FindRoot(), "shared", "Portal", "Assets", "theme.css");

    /// <summary>MudBlazor writes its colours into each page by a component; here they are a file, made from the same theme by the same component. IOT_WRITE_THEME=1 makes it anew.</summary>
    [Fact]
    public async Task StyleSheet_IsWhatTheThemeSays()
    {
        var style = $"/* Made from PortalTheme by ThemeTests. */\n{await RenderAsync(dark: false)}\n@media (prefers-color-scheme: dark) {{\n{await RenderAsync(dark: true)}\n}}\n";
        if (Environment.GetEnvironmentVariable("IOT_WRITE_THEME") == "1")
        {
            await System.IO.File.WriteAllTextAsync(File, style);
        }

        (await System.IO.File.ReadAllTextAsync(File)).ShouldBe(style);
    }

    private static async Task<string> RenderAsync(bool dark)
    {
        await using var context = new BunitContext();
        context.JSInterop.Mode = JSRuntimeMode.Loose;
        context.Services.AddMudServices();
        var theme = context.Render<MudThemeProvider>(parameters => parameters.Add(p => p.Theme, PortalTheme.Value).Add(p => p.IsDarkMode, dark));
        var lines = theme.FindAll("style").Select(style => style.TextContent).SelectMany(text => text.Split('\n')).Select(line => line.Trim()).Where(line => line.Length > 0);
        return string.Join('\n', lines);
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!System.IO.File.Exists(Path.Combine(folder!.FullName, "IoTPlatform.sln")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }
}
