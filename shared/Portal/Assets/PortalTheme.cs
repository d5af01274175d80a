using MudBlazor;

namespace IoTPlatform.Portal.Assets;

/// <summary>The colours and letters of every page. They are served as a style sheet, theme.css, that has both palettes: the first paint is in the system's colours, without a script.</summary>
public static class PortalTheme
{
    public static MudTheme Value { get; } = new()
    {
        PaletteLight = new PaletteLight
        {
            Primary = "#0b5cad",
            PrimaryContrastText = "#ffffff",
            Secondary = "#4a5a6a",
            Background = "#f3f5f8",
            Surface = "#ffffff",
            TextPrimary = "#1d2733",
            TextSecondary = "#526070",
            ActionDefault = "#526070",
            LinesDefault = "#d5dbe3",
            LinesInputs = "#7d8a98",
            TableLines = "#d5dbe3",
            Divider = "#d5dbe3",
            Error = "#a3180f",
            Success = "#1b6b36",
            Warning = "#8a5300",
            Info = "#0b5cad",
        },
        PaletteDark = new PaletteDark
        {
            Primary = "#7db8f5",
            PrimaryContrastText = "#0b1620",
            Secondary = "#a3b0be",
            Background = "#12181f",
            Surface = "#1b242e",
            TextPrimary = "#e6ebf1",
            TextSecondary = "#a9b6c4",
            ActionDefault = "#a9b6c4",
            LinesDefault = "#334050",
            LinesInputs = "#71818f",
            TableLines = "#334050",
            Divider = "#334050",
            Error = "#ff9b8f",
            ErrorContrastText = "#2a0703",
            Success = "#74d090",
            SuccessContrastText = "#06210f",
            Warning = "#f0b658",
            WarningContrastText = "#241500",
            Info = "#7db8f5",
            InfoContrastText = "#0b1620",
        },
        Typography = new Typography { Default = new DefaultTypography { FontFamily = ["system-ui", "sans-serif"], FontSize = "0.9375rem" } },
        LayoutProperties = new LayoutProperties { DefaultBorderRadius = "7px" },
    };
}
