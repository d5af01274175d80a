using Microsoft.Playwright;

namespace IoTPlatform.Integration.Tests.Portal;

/// <summary>Pictures of pages, into the folder that IOT_SCREENSHOTS names; without it none are taken.</summary>
internal static class Screenshots
{
    private static readonly string? Folder = Environment.GetEnvironmentVariable("IOT_SCREENSHOTS");

    public static bool AreWanted => Folder is { Length: > 0 };

    public static async Task TakeAsync(IPage page, string name)
    {
        if (AreWanted)
        {
            Directory.CreateDirectory(Folder!);
            await page.ScreenshotAsync(new() { Path = Path.Combine(Folder!, name + ".png"), Animations = ScreenshotAnimations.Disabled });
        }
    }
}
